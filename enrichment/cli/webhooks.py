"""`enrich webhooks`: who is told when jobs end, and what became of telling them. It works on the database itself."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from enrichment.cli import output
from enrichment.cli.administering import check_tenant, duration, on_database
from enrichment.cli.errors import CliError
from enrichment.cli.options import AsJson, JobId, one_of
from enrichment.cli.output import JSON

if TYPE_CHECKING:
    from enrichment.webhooks.deliveries import Delivery
    from enrichment.webhooks.endpoints import Endpoint


STATES = ("pending", "delivered", "dead")

webhooks = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

Tenant = Annotated[str, typer.Option(help="Whose jobs it is told of.")]
EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The endpoint: `enrich webhooks list` shows it.")]


@webhooks.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send what has ended.", show_default=False)],
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Register an endpoint and show its secret. A URL that a submission names is registered by itself.

    \b
    Example:
      enrich webhooks add https://example.com/jobs --tenant acme
    """
    from enrichment.cli.environment import settings
    from enrichment.webhooks import registration
    from enrichment.webhooks.lookups import Lookups

    check_tenant(tenant)
    loopback = settings().webhook_loopback
    made = on_database(lambda db: registration.register(db, tenant, url, Lookups(), allow_loopback=loopback))
    _show_secret(made, as_json)


@webhooks.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show every endpoint, without its secret: id, tenant, URL.

    \b
    Example:
      enrich webhooks list --json
    """
    from enrichment.webhooks import endpoints

    found = [_described(endpoint) for endpoint in on_database(endpoints.every)]
    if as_json:
        output.document({"webhooks": found})
        return
    for endpoint in found:
        typer.echo(output.row(endpoint["id"], endpoint["tenant"], endpoint["url"]))


@webhooks.command("secret")
def secret(endpoint_id: EndpointId, as_json: AsJson = False) -> None:
    """Show the secret that signs what an endpoint is sent.

    \b
    Example:
      enrich webhooks secret 019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55
    """
    from enrichment.webhooks import endpoints

    _show_secret(on_database(lambda db: endpoints.get(db, endpoint_id)), as_json)


@webhooks.command("rotate")
def rotate(
    endpoint_id: EndpointId,
    overlap: Annotated[Any, typer.Option(parser=duration, metavar="24h", help="How long both sign.")] = "24h",
    as_json: AsJson = False,
) -> None:
    """Give an endpoint a new secret. Until the overlap ends, each message is signed with both.

    \b
    Example:
      enrich webhooks rotate 019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55 --overlap 24h
    """
    from enrichment.webhooks import endpoints

    _show_secret(on_database(lambda db: endpoints.rotate(db, endpoint_id, overlap)), as_json)


@webhooks.command("deliveries")
def deliveries(
    status: Annotated[
        str | None, typer.Option(callback=one_of(STATES, "state"), metavar="STATE", help=", ".join(STATES))
    ] = None,
    tenant: Tenant = "default",
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was told of late, the newest first: job, run, state, attempts, last answer, URL.

    \b
    Example:
      enrich webhooks deliveries --status dead
    """
    from enrichment.webhooks import deliveries as table

    found = [_told(one) for one in on_database(lambda db: table.recent(db, tenant, status, limit))]
    if as_json:
        output.document({"deliveries": found})
        return
    for one in found:
        answer = one["lastStatus"] or one["lastError"] or "-"
        typer.echo(output.row(one["jobId"], one["run"], one["status"], one["attempts"], answer, one["url"]))


@webhooks.command("redeliver")
def redeliver(
    job_id: JobId,
    run: Annotated[int | None, typer.Option(min=1, help="Which run of the job. Default: the last that ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell an ending again, whatever became of telling it before.

    \b
    Example:
      enrich webhooks redeliver 019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55
    """
    from enrichment.webhooks import deliveries as table

    if not on_database(lambda db: table.redeliver(db, job_id, run)):
        raise CliError(f"Nothing to tell again of {job_id}: it has no webhook, has not ended, or is being told now")
    if as_json:
        output.document({"jobId": job_id, "status": "pending"})
    else:
        typer.echo(f"Telling again that {job_id} has ended")


def _show_secret(endpoint: "Endpoint | None", as_json: bool) -> None:
    if endpoint is None:
        raise CliError("There is no such endpoint: `enrich webhooks list` shows those that there are")
    if as_json:
        output.document(_described(endpoint) | {"secret": endpoint.secrets[0]})
        return
    typer.echo(endpoint.secrets[0])
    typer.echo(f"Signs what {endpoint.id} is sent: {endpoint.url}", err=True)


def _described(endpoint: "Endpoint") -> JSON:
    return {
        "id": endpoint.id,
        "tenant": endpoint.tenant,
        "url": endpoint.url,
        "createdAt": endpoint.created_at.isoformat(),
    }


def _told(delivery: "Delivery") -> JSON:
    return {
        "jobId": delivery.job_id,
        "run": delivery.run,
        "url": delivery.url,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "createdAt": delivery.created_at.isoformat(),
        "lastStatus": delivery.last_status,
        "lastError": delivery.last_error,
    }
