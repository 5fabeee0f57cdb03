"""Jobs as live bars on a terminal: what, how far, doing what, for how long."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from enrichment.cli.output import JSON
from enrichment.cli.prose import ENDINGS, LABELS, elapsed_seconds, ending
from enrichment.wording import lasting

STYLES = {"pending": "dim", "in_progress": "cyan", "completed": "green", "failed": "red", "cancelled": "yellow"}
MARKS = {"pending": "·", "completed": "✓", "failed": "✗", "cancelled": "–"}
_NARROW = 100
"""Below so many columns the bar and the name are shorter, so that the sentence stays readable."""
_ROOM = 3
"""Kept free at the right: the terminal's own `^C` would otherwise wrap, and the last frame would stand there twice."""


@dataclass(slots=True)
class _Bar:
    """What is known of one job. `since` is when it started, by this process's clock."""

    job: JSON
    sentence: str
    style: str
    since: float | None


class Bars:
    """A bar for each job, moving until it has ended; what did not complete is then said in full below."""

    def __init__(self, console: Console, names: Mapping[str, str]) -> None:
        self._console = console
        self._names = names
        self._bars: dict[str, _Bar] = {}
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(self, console=console, refresh_per_second=10)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        for bar in self._bars.values():
            if bar.job["status"] in ("failed", "cancelled"):
                line = f"{bar.job['jobId']} {ending(bar.job)}"
                self._console.print(Text(line, style=STYLES[bar.job["status"]]), soft_wrap=True)

    def began(self, job: JSON) -> None:
        self.moved(job)

    def moved(self, job: JSON) -> None:
        progress = job["progress"]
        self._show(job, progress["message"], "yellow" if progress["stage"] == "retrying" else "")

    def noticed(self, job: JSON, notice: str) -> None:
        self._show(job, notice, "yellow")

    def ended(self, job: JSON) -> None:
        self._show(job, ending(job), STYLES[job["status"]])

    def _show(self, job: JSON, sentence: str, style: str) -> None:
        seconds = elapsed_seconds(job)
        known = self._bars.get(job["jobId"])
        since = known.since if known else None
        if since is None and job["status"] != "pending":
            since = time.monotonic() - (seconds or 0.0)
        self._bars[job["jobId"]] = _Bar(job, sentence, style, since)

    def __rich__(self) -> Table:
        narrow = self._console.width < _NARROW
        grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
        grid.width = self._console.width - _ROOM
        grid.add_column(width=1)
        grid.add_column(no_wrap=True, style="bold")
        grid.add_column(no_wrap=True, max_width=16 if narrow else 24, overflow="ellipsis", style="dim")
        grid.add_column(width=6 if narrow else 14)
        grid.add_column(width=4, justify="right")
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(min_width=6, no_wrap=True, justify="right", style="dim")
        for bar in self._bars.values():
            grid.add_row(*self._cells(bar))
        return grid

    def _cells(self, bar: _Bar) -> tuple[RenderableType, ...]:
        job = bar.job
        status, percentage = job["status"], job["progress"]["percentage"]
        name = self._names.get(job["jobId"]) or job["candidateId"] or job["jobId"][-12:]
        mark = self._spinner if status == "in_progress" else Text(MARKS[status], style=STYLES[status])
        return (
            mark,
            LABELS[job["type"]],
            Text(name),
            ProgressBar(100, percentage, complete_style=STYLES[status], finished_style=STYLES[status]),
            f"{percentage}%",
            Text(bar.sentence, style=bar.style),
            _elapsed(bar),
        )


def _elapsed(bar: _Bar) -> str:
    if bar.since is None:
        return ""
    exact = elapsed_seconds(bar.job) if bar.job["status"] in ENDINGS else None
    return lasting(time.monotonic() - bar.since if exact is None else exact)
