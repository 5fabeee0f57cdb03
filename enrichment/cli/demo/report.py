"""What the demo tells the person who watches."""

import time
from collections.abc import Iterable, Sequence
from typing import Self

from rich.console import RenderableType
from rich.markdown import Markdown
from rich.status import Status
from rich.text import Text

from enrichment.cli import output
from enrichment.cli.demo.resumes import Planned
from enrichment.cli.excerpts import excerpt
from enrichment.cli.output import JSON
from enrichment.cli.prose import count
from enrichment.wording import lasting

_DOCUMENT_LINES = 30
"""So much of the competence file is shown."""


class Report:
    """Says each thing that happens; with `as_json` on standard error, since standard output is for the jobs."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._console = output.console(stderr=as_json)
        self._is_terminal = output.is_terminal() and not as_json
        self._began = time.monotonic()
        self._status = Status("Starting PostgreSQL, Redis, Temporal, the API and a worker", console=self._console)

    def __enter__(self) -> Self:
        if self._is_terminal:
            self._status.start()
        else:
            self._say("Starting PostgreSQL, Redis, Temporal, the API and a worker")
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def starting(self, line: str) -> None:
        """A part of the stack has come up."""
        self._say(Text(f"  {line}", style="dim"))

    def running(self, places: JSON) -> None:
        self._status.stop()
        seconds = lasting(time.monotonic() - self._began)
        self._say(Text.assemble((f"The stack is up after {seconds}. ", "bold green"), "While it runs:"))
        self._addresses(places)

    def submitted(self, job_ids: Iterable[str], planned: Sequence[Planned]) -> None:
        queues = count(len({job.band for job in planned}), "queue")
        self._say("")
        self._say(f"Submitted {count(len(planned), 'job')} of all types to {queues}; one rehearses a retry.")
        if not self._is_terminal:  # where the bars do not say whose job is which
            for job_id, job in zip(job_ids, planned, strict=True):
                self._say(output.row(job_id, job.body["type"], job.band, job.name))
        self._say("")

    def ended(self, jobs: Iterable[JSON], types: int, of: int, seconds: float) -> None:
        completed = sum(job["status"] == "completed" for job in jobs)
        self._say("")
        style = "bold green" if types == of else "bold red"
        said = f"{types} of {of} job types completed, {count(completed, 'job')}, in {lasting(seconds)}."
        self._say(Text(said, style=style))

    def result(self, job: JSON, name: str, document: str | None) -> None:
        """The excerpt of one type's result, or the beginning of its document."""
        if self._as_json:
            return
        self._heading(f"{job['type']}: {name}")
        if document is None:
            self._print(excerpt(job["result"], job["type"]))
            return
        lines = document.strip().splitlines()
        beginning = "\n".join(lines[:_DOCUMENT_LINES])
        self._print(Markdown(beginning) if self._is_terminal else Text(beginning))
        if len(lines) > _DOCUMENT_LINES:
            self._say(Text(f"… and {len(lines) - _DOCUMENT_LINES} lines more", style="dim"))

    def kept(self, places: JSON) -> None:
        self._say("")
        self._say(Text("Still running until Ctrl-C:", style="bold"))
        self._addresses(places)

    def stopping(self) -> None:
        self._say("Stopping")

    def stopped(self) -> None:
        self._say("")
        self._say(f"Everything is stopped again, {lasting(time.monotonic() - self._began)} after the start.")

    def _addresses(self, places: JSON) -> None:
        self._say(f"  page and API       {places['api']}")
        self._say(f"  Temporal's Web UI  {places['temporalUi']}")

    def _heading(self, title: str) -> None:
        self._say("")
        if self._is_terminal:
            self._console.rule(Text(title, style="bold"), align="left")
        else:
            self._say(title)

    def _print(self, view: RenderableType) -> None:
        """A view fills its lines with spaces, which a terminal does not show and a pipe would keep."""
        if self._is_terminal:
            self._console.print(view)
            return
        with self._console.capture() as captured:
            self._console.print(view)
        for line in captured.get().splitlines():
            self._say(line.rstrip())

    def _say(self, line: str | Text) -> None:
        self._console.print(line, soft_wrap=True, markup=False)
