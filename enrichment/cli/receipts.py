"""What the API answers to a submission, as its reader takes it."""

import json
from collections.abc import Iterator
from pathlib import Path

import typer

from enrichment.cli import output
from enrichment.cli.output import JSON
from enrichment.cli.prose import count


def show_accepted(job: JSON, file: str, *, watch: bool, as_json: bool) -> None:
    """The API's acceptance of a job."""
    if as_json:
        typer.echo(json.dumps({"event": "submitted", **job} if watch else job))
    elif output.is_terminal():
        typer.echo(f"{job['jobId']}  to {job['queue']}  {Path(file).name}")
    else:
        typer.echo(output.row(job["jobId"], job["status"], job["queue"], file))


def show_estimate(estimate: JSON, file: str, *, as_json: bool) -> None:
    """What a submission would take."""
    typer.echo(json.dumps(estimate) if as_json else output.row(file, *_ranges(estimate)))


def _ranges(estimate: JSON) -> Iterator[str]:
    """Jobs, tokens, dollars, seconds; a question mark where nobody knows."""
    yield count(estimate["count"], "job")
    tokens, cost, seconds = estimate["tokens"], estimate["costUsd"], estimate["expectedSeconds"]
    yield f"{tokens['min']}-{tokens['max']} tokens"
    yield f"${cost['min']:.4f}-{cost['max']:.4f}" if cost else "$?"
    yield f"{seconds['min']:.1f}-{seconds['max']:.1f} s" if seconds else "? s"
