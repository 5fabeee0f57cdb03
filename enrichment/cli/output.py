"""Answers on standard output: for a person at a terminal, for a pipe, or as JSON."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from enrichment.cli.errors import CliError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from enrichment.cli.display import Display

JSON = dict[str, Any]

PIPE_WIDTH = 120


def is_terminal() -> bool:
    """Whether a person watches. A dumb terminal, as an editor's, gets the lines of a pipe."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def console(*, stderr: bool = False) -> "Console":
    """Rich's console; on a terminal it honours NO_COLOR by itself, in a pipe it writes text alone."""
    from rich.console import Console

    if is_terminal() and not stderr:
        return Console(highlight=False)
    return Console(highlight=False, stderr=stderr, force_terminal=False, color_system=None, width=PIPE_WIDTH)


def document(value: JSON) -> None:
    """One JSON document."""
    with _written():
        typer.echo(json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode()))


def answer(
    value: JSON,
    *,
    as_json: bool,
    view: "Callable[[JSON], RenderableType]",
    plain: Callable[[JSON], Iterable[str]] | None = None,
) -> None:
    """An answer in the form that its reader takes: `view` draws it on a terminal, `plain` gives the lines of a pipe."""
    if as_json:
        document(value)
    elif is_terminal():
        console().print(view(value))
    else:
        with _written():
            for line in (plain or flat)(value):
                typer.echo(line)


def display(names: Mapping[str, str], *, as_json: bool) -> "Display":
    """What shows running jobs to this reader; `names` says for ids what to call the job."""
    from enrichment.cli import display

    if as_json:
        return display.JsonLines()
    if is_terminal():
        from enrichment.cli.bars import Bars

        return Bars(console(), names)
    return display.Lines()


def flat(value: JSON, path: str = "") -> Iterator[str]:
    """`key: value` lines, a nested key as `outer.inner`; what is null is left out."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from flat(inner, f"{path}{key}.")
        elif inner is not None:
            yield f"{path}{key}: {inner if isinstance(inner, str) else json.dumps(inner)}"


def row(*cells: object) -> str:
    """A line of cells with tabs between; an absent one is empty."""
    return "\t".join("" if cell is None else str(cell) for cell in cells)


@contextmanager
def _written() -> Iterator[None]:
    """One line where standard output takes no more, as on a full disk. That its reader has left is not told here."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries the rest again as it ends
        raise CliError(f"The answer cannot be written: {error.strerror}") from None


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
