"""`enrich stats`, `health`, `pause`, `resume`, `cleanup` and `migrate`: for the person who keeps it running."""

import asyncio
from typing import Annotated

import typer

from enrichment.cli import location, output
from enrichment.cli.client import ask
from enrichment.cli.errors import BadUsage, CliError
from enrichment.cli.options import ApiUrl, AsJson, bands
from enrichment.cli.output import JSON
from enrichment.cli.prose import count

Band = Annotated[
    str,
    typer.Argument(callback=lambda value: bands([value])[0], metavar="QUEUE", help="Its band: critical, …"),
]


def stats(api: ApiUrl = None, as_json: AsJson = False) -> None:
    """\b
    Example:
      enrich stats --json
    """
    from enrichment.cli import views

    output.answer(ask(api, lambda client: client.stats()), as_json=as_json, view=views.stats)


def health(api: ApiUrl = None, as_json: AsJson = False) -> None:
    """The exit code is 1 when it is unhealthy; degraded means that jobs are safe, but wait or show stale progress.

    \b
    Example:
      enrich health
    """
    from enrichment.cli import views

    verdict = ask(api, lambda client: client.health())
    if not as_json and verdict["workers"] is None:
        verdict["workers"] = "unknown"  # else it is left out like all that is null
    output.answer(verdict, as_json=as_json, view=views.health)
    raise typer.Exit(1 if verdict["status"] == "unhealthy" else 0)


def pause(band: Band, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """Jobs are still accepted and wait. The pause outlives every restart, until `enrich resume`.

    \b
    Example:
      enrich pause low
    """
    _tell(ask(api, lambda client: client.pause(band)), f"{band} is paused: nothing new starts there", as_json)


def resume(band: Band, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """\b
    Example:
      enrich resume low
    """
    _tell(ask(api, lambda client: client.resume(band)), f"{band} goes on", as_json)


def _tell(answer: JSON, sentence: str, as_json: bool) -> None:
    if as_json:
        output.document(answer)
    else:
        typer.echo(sentence)


def cleanup(
    days: Annotated[
        int | None,
        typer.Option(
            min=0, max=36_500, help="Keep what ended within so many days. Default: ENRICHMENT_RETENTION_DAYS."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The newest 100 completed and 50 failed jobs stay, however old. It works on the database that DATABASE_URL names,
    or else on the stack's that runs on this machine.

    \b
    Example:
      enrich cleanup --days 30
    """
    done = asyncio.run(_clean_up(days))
    if as_json:
        output.document(done)
    else:
        typer.echo(f"Deleted {count(done['deletedJobs'], 'job')} and the progress of {done['deletedProgress']}")


async def _clean_up(days: int | None) -> JSON:
    from enrichment.cli.environment import settings
    from enrichment.errors import EnrichmentError
    from enrichment.service import EnrichmentQueue

    try:
        async with await EnrichmentQueue.connect(settings(), application="enrich cleanup") as queue:
            return (await queue.cleanup(days)).model_dump(by_alias=True)
    except EnrichmentError as error:
        raise CliError(error.message) from None


def migrate(as_json: AsJson = False) -> None:
    """It changes the database that DATABASE_URL names. Running it again, or twice at once, does no harm.

    \b
    Example:
      DATABASE_URL=postgresql://me@db.example/enrichment enrich migrate
    """
    if location.variable("DATABASE_URL") is None:
        raise BadUsage("DATABASE_URL is not set: it names the database to migrate")
    from alembic.script import ScriptDirectory
    from sqlalchemy.exc import SQLAlchemyError

    from enrichment import migrations
    from enrichment.access.wall import RoleMissing
    from enrichment.cli.environment import settings

    configured = settings()
    try:
        migrations.upgrade(configured)
    except RoleMissing as error:
        raise CliError(str(error)) from None
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise CliError(f"The database could not be migrated: {type(cause).__name__}: {cause}") from None
    revision = ScriptDirectory.from_config(migrations.configuration(configured)).get_current_head()
    if as_json:
        output.document({"revision": revision})
    else:
        typer.echo(f"The schema is at revision {revision}")
