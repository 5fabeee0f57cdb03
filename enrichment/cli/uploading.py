"""`enrich submit --bulk`: files with a candidate a line become one bulk, sent as they are read, of any length."""

import asyncio
import gzip
import re
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO, Protocol

import typer

from enrichment.cli import output
from enrichment.cli.client import connect
from enrichment.cli.errors import BadUsage, Refused
from enrichment.cli.files import STDIN
from enrichment.cli.location import find
from enrichment.cli.output import JSON
from enrichment.cli.prose import count, tell
from enrichment.cli.receipts import show_accepted, show_estimate
from enrichment.cli.watching import watch_until_ended

PIECE = 256 * 1024
_GZIP = ".gz"
_LINE = re.compile(r"^(?:Line |/lines/)(\d+) ?")
"""How the API names one of all the lines that were sent, in a sentence or as a pointer."""


async def upload(
    url: str | None, files: list[str], query: JSON, key: str | None, *, watch: bool, as_json: bool
) -> None:
    """Sends the files as one bulk, says what became of their lines, and follows the bulk if it is to be watched."""
    sources = _Sources(files)
    async with connect(find(url)) as api:
        try:
            with _meter(sources) as meter:
                answer = await api.submit_lines(sources.pieces(meter), query, key, is_packed=sources.are_packed)
        except Refused as refusal:
            raise Refused(refusal.http_status, _placed(refusal.problem, sources)) from None
        if query.get("dryRun"):
            show_estimate(answer, sources.name, as_json=as_json)
            return
        show_accepted(answer, sources.name, watch=watch, as_json=as_json)
        _tell_of_lines(answer["intake"], sources)
        names = {answer["jobId"]: sources.name}
        all_completed = not watch or await watch_until_ended(api, list(names), as_json=as_json, names=names)
    raise typer.Exit(0 if all_completed else 1)


class _Meter(Protocol):
    def __call__(self, sent: int, /) -> None: ...


class _Sources:
    """The files, one after another; packed, if all are named so.

    Raises:
        BadUsage: one is missing, or only some are packed.
    """

    def __init__(self, files: list[str]) -> None:
        packed = [file for file in files if file.endswith(_GZIP)]
        if packed and len(packed) < len(files):
            raise BadUsage(f"{packed[0]} is packed and others are not: give either kind")
        for file in files:
            if file != STDIN and not Path(file).is_file():
                raise BadUsage(f"{file}: there is no such file")
        self._files = files
        self._lines = [0] * len(files)
        self.are_packed = bool(packed)
        self.name = Path(files[0]).name if len(files) == 1 else count(len(files), "file")
        self.size = None if STDIN in files else sum(Path(file).stat().st_size for file in files)

    async def pieces(self, meter: _Meter) -> AsyncIterator[bytes]:
        for index, file in enumerate(self._files):
            last = b"\n"
            with _opened(file) as source:
                while piece := await asyncio.to_thread(source.read, PIECE):
                    self._lines[index] += piece.count(b"\n")
                    yield piece
                    meter(len(piece))
                    last = piece[-1:]
            if self.are_packed:
                yield gzip.compress(b"\n")  # whether there is one is not seen from here, and an empty line is nothing
            elif last != b"\n":
                self._lines[index] += 1
                yield b"\n"

    def place(self, line: int) -> str:
        """Where a line is, given by its number among all that were sent: `people.ndjson:4`."""
        *before, last = self._files
        for file, sent in zip(before, self._lines, strict=False):
            lines = _packed_lines(file) if self.are_packed else sent
            if line <= lines:
                return f"{file}:{line}"
            line -= lines
        return f"{last}:{line}"


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb", buffering=0) as source:
            yield source
    except OSError as error:
        raise BadUsage(f"{file}: cannot be read: {error.strerror}") from None


@cache
def _packed_lines(file: str) -> int:
    """How many lines a packed file is for the API, with the one sent behind it; of a damaged one, those there are."""
    lines = 1
    with suppress(OSError, EOFError, zlib.error), gzip.open(file) as source:
        while piece := source.read(PIECE):
            lines += piece.count(b"\n")
    return lines


@contextmanager
def _meter(sources: _Sources) -> Iterator[_Meter]:
    """A bar of what was sent, for a person; nothing in a pipe, whose reader wants answers."""
    if not output.is_terminal():
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("Sending {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=output.console(), transient=True) as bar:
        task = bar.add_task(sources.name, total=sources.size)
        yield lambda sent: bar.advance(task, sent)


def _placed(problem: JSON, sources: _Sources) -> JSON:
    """The API's problem with a line, where the person finds it."""

    def placed(text: str) -> str:
        return _LINE.sub(lambda line: f"{sources.place(int(line[1]))} ", text).rstrip()

    faults = [fault | {"pointer": placed(fault.get("pointer") or "")} for fault in problem.get("errors") or ()]
    return problem | {"detail": placed(problem.get("detail") or ""), "errors": faults}


def _tell_of_lines(intake: JSON, sources: _Sources) -> None:
    """The lines that were left out, each by its place, and how many repeat a candidate."""
    for line in intake["invalid"]:
        tell(f"{sources.place(line['line'])} was left out: {line['reason']}")
    if intake["skipped"] > len(intake["invalid"]):
        tell(f"… {count(intake['skipped'], 'line')} were left out in all")
    if intake["repeated"]:
        first = sources.place(intake["repeats"][0]["line"])
        tell(f"{count(intake['repeated'], 'line')} with the candidateId of an earlier one, first {first}")
    if output.is_terminal():
        tell(f"{count(intake['accepted'], 'candidate')} accepted")
