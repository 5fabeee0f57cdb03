"""`enrich export` and `enrich erase`: what is held of a candidate."""

from collections.abc import Iterator
from typing import Annotated

import typer

from enrichment.cli import output
from enrichment.cli.client import ask
from enrichment.cli.errors import BadUsage
from enrichment.cli.options import ApiUrl, AsJson
from enrichment.cli.output import JSON

Candidate = Annotated[
    str, typer.Argument(metavar="CANDIDATE", help="The candidate's id in your system.", show_default=False)
]


def export(
    candidate: Candidate,
    api: ApiUrl = None,
    as_json: AsJson = False,  # noqa: ARG001 an export is JSON anyway; every command takes the option
) -> None:
    """\b
    Example:
      enrich export cand-42 > cand-42.json
    """
    output.document(ask(api, lambda client: client.export(candidate)))


def erase(
    candidate: Candidate,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    api: ApiUrl = None,
    as_json: AsJson = False,
) -> None:
    """Open jobs are cancelled; jobs, results, documents and everything else are deleted and do not come back. In a
    pipe it needs --yes.

    \b
    Example:
      enrich erase cand-42 --yes
    """
    if not yes:
        if not output.is_terminal():
            raise BadUsage("Nothing is erased without --yes: it cannot be undone")
        typer.confirm(f"Erase {candidate}? It cannot be undone", abort=True)
    receipt = ask(api, lambda client: client.erase(candidate))
    if as_json:
        output.document(receipt)
        return
    for line in _lines(receipt):
        typer.echo(line)


def _lines(receipt: JSON) -> Iterator[str]:
    yield output.row("erasure", receipt["erasureId"])
    yield output.row("cancelled", receipt["cancelledJobs"])
    for store, count in receipt["erased"].items():
        yield output.row(store, count)
