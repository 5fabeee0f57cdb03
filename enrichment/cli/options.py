"""The words of the command line: arguments and options that several commands share."""

from collections.abc import Callable
from typing import Annotated

import typer

from enrichment.cli.prose import ENDINGS, LABELS

BULK = "bulk_candidate_enrichment"
TYPES = tuple(LABELS)
SINGLE_TYPES = tuple(name for name in TYPES if name != BULK)
STATUSES = ("pending", "in_progress", *ENDINGS)

ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="The API. Default: ENRICHMENT_API_URL, the running stack's, port 8000. Its key: ENRICHMENT_API_KEY.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def _job_ids(values: list[str]) -> list[str]:
    """Ids of jobs, each once.

    Raises:
        typer.BadParameter: one of them cannot be the id of a job.
    """
    from enrichment.ids import is_id

    for value in values:
        if not is_id(value):
            raise typer.BadParameter(f"{value} is no job id: `enrich list` shows those that there are")
    return list(dict.fromkeys(values))


JobId = Annotated[
    str, typer.Argument(callback=lambda value: _job_ids([value])[0], metavar="ID", help="The job.", show_default=False)
]
JobIds = Annotated[list[str], typer.Argument(callback=_job_ids, metavar="ID", help="The jobs.", show_default=False)]


def one_of(names: tuple[str, ...], noun: str) -> Callable[[str | None], str | None]:
    """Checks that an option is one of `names`, in either case."""

    def check(value: str | None) -> str | None:
        if value is None or value.lower() in names:
            return value and value.lower()
        raise typer.BadParameter(f"{value} is no {noun}: use {', '.join(names)}")

    return check


def bands(values: list[str] | None) -> list[str]:
    """Names of queues, each once.

    Raises:
        typer.BadParameter: there is no such queue; the message lists them.
    """
    from enrichment.queues import BANDS, BY_BAND

    names = list(dict.fromkeys(value.lower() for value in values or ()))
    for name in names:
        if name not in BY_BAND:
            raise typer.BadParameter(f"{name} is no queue: use {BANDS}")
    return names


def priority(value: str | None) -> int | str | None:
    """A band's name or a number of a band, checked, as a request has it.

    Raises:
        typer.BadParameter: neither; the message lists the bands.
    """
    from enrichment.queues import priority_of

    if value is None:
        return None
    band_or_number = int(value) if value.removeprefix("-").isdecimal() else value.lower()
    try:
        priority_of(band_or_number)
    except ValueError as error:
        raise typer.BadParameter(f"{value} {error}") from None
    return band_or_number
