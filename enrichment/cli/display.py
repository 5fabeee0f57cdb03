"""Showing jobs while they run: bars for a person, lines for a log, JSON objects for a program."""

import json
from typing import Protocol, Self

import typer

from enrichment.cli.output import JSON
from enrichment.cli.prose import ENDINGS, elapsed_seconds, ending, tell
from enrichment.wording import lasting


class Display(Protocol):
    """Is told of jobs as they change, each as the API shows it. Entered before the first, left after the last."""

    def began(self, job: JSON) -> None:
        """The job as it is when one begins to follow it."""

    def moved(self, job: JSON) -> None:
        """The job has new progress."""

    def noticed(self, job: JSON, notice: str) -> None:
        """Something else that the person should know about the job."""

    def ended(self, job: JSON) -> None:
        """The job is completed, failed or cancelled."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class _Unframed:
    """A display that writes line by line has nothing to set up or to take down."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


class Lines(_Unframed):
    """A line for each change: id, status, percentage and a sentence, with tabs between."""

    def began(self, job: JSON) -> None:
        if job["progress"]["stage"] not in ENDINGS:
            self.moved(job)

    def moved(self, job: JSON) -> None:
        self._line(job, job["progress"]["message"])

    def noticed(self, job: JSON, notice: str) -> None:
        self._line(job, notice)

    def ended(self, job: JSON) -> None:
        seconds = elapsed_seconds(job)
        self._line(job, ending(job) if seconds is None else f"{ending(job)} in {lasting(seconds)}")

    def _line(self, job: JSON, sentence: str) -> None:
        typer.echo("\t".join((job["jobId"], job["status"], f"{job['progress']['percentage']}%", sentence)))


class JsonLines(_Unframed):
    """An object for each change, as the stream of events has them; the last one of a job holds the whole job."""

    def began(self, job: JSON) -> None:
        if job["status"] not in ENDINGS:
            self.moved(job)

    def moved(self, job: JSON) -> None:
        self._line({"event": "progress", "jobId": job["jobId"], "progress": job["progress"]})

    def noticed(self, job: JSON, notice: str) -> None:
        tell(f"{job['jobId']}: {notice}")

    def ended(self, job: JSON) -> None:
        self._line({"event": job["status"], "jobId": job["jobId"], "job": job})

    def _line(self, event: JSON) -> None:
        typer.echo(json.dumps(event))
