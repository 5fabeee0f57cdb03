"""`enrich review` and `enrich audit`: what people say of results, and what was done with the data."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from enrichment.cli import output
from enrichment.cli.client import ask
from enrichment.cli.errors import BadUsage
from enrichment.cli.options import ApiUrl, AsJson, JobId
from enrichment.cli.output import JSON


def review(
    job_id: JobId,
    approve: Annotated[bool, typer.Option("--approve", help="Approve the result: it never changes again.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject it; the job can be retried.")] = False,
    edit: Annotated[
        list[str] | None, typer.Option(metavar="POINTER=VALUE", help="Change this statement; as often as needed.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(metavar="POINTER", help="Leave this statement or entry out; likewise.")
    ] = None,
    api: ApiUrl = None,
    as_json: AsJson = False,
) -> None:
    """A result is a draft until then. A pointer is the place of a statement in the result: `enrich result ID --json`.

    \b
    Examples:
      enrich review 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1 --approve
      enrich review 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1 --approve --edit "/headline=Cook"
      enrich review 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1 --approve --leave-out /summary/1
      enrich review 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1 --reject
    """
    if approve == reject:
        raise BadUsage("Say what you think of it: --approve or --reject")
    edits = [*map(_change, edit or ()), *({"pointer": pointer, "accept": False} for pointer in leave_out or ())]
    job = ask(api, lambda client: client.review(job_id, "approve" if approve else "reject", edits))
    typer.echo(json.dumps(job) if as_json else output.row(job["jobId"], job["review"]["status"]))


def _change(text: str) -> JSON:
    pointer, equals, value = text.partition("=")
    if not equals:
        raise BadUsage(f"--edit {text}: write it as POINTER=VALUE")
    return {"pointer": pointer, "value": value}


def audit(job_id: JobId, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """The entries stay when the job is deleted. In a pipe an act is a line: time, run, act, by whom, provider, model,
    version of the prompt.

    \b
    Example:
      enrich audit 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1
    """
    from enrichment.cli import views

    acts = ask(api, lambda client: client.audit(job_id))
    output.answer(acts, as_json=as_json, view=views.audit, plain=_plain_audit)


def _plain_audit(audit: JSON) -> Iterator[str]:
    for entry in audit["entries"]:
        columns = ("at", "run", "act", "actor", "provider", "model", "promptVersion")
        yield output.row(*(entry[name] for name in columns))
