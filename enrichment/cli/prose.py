"""How the command line says things to people: job types in a word or two, times, endings."""

from datetime import UTC, datetime

import typer

from enrichment.cli.output import JSON

ENDINGS = ("completed", "failed", "cancelled")
LABELS = {
    "competence_file_generation": "competence file",
    "candidate_profile_enhancement": "profile",
    "skills_optimization": "skills",
    "experience_enhancement": "experience",
    "bulk_candidate_enrichment": "bulk",
}
"""The types where room is short; wherever a type is to be typed in again, it is written in full."""


def tell(message: str) -> None:
    """Says something to the person; standard output is for answers alone."""
    typer.echo(message, err=True)


def ending(job: JSON) -> str:
    """How a job ended: `completed`, `completed: 11 of 12 candidates`, `failed: provider_auth: …`, `cancelled: …`."""
    match job["status"]:
        case "completed" if job["type"] == "bulk_candidate_enrichment" and job["result"]:
            return f"completed: {job['result']['completed']} of {count(job['result']['total'], 'candidate')}"
        case "failed":
            return f"failed: {job['errorCode']}: {job['error']}"
        case "cancelled" if job["error"]:
            reason = job["error"]
            return reason if reason.startswith("cancelled") else f"cancelled: {reason}"
        case status:
            return str(status)


def elapsed_seconds(job: JSON) -> float | None:
    """How long the job has been running, or ran; None before it has started."""
    started, ended = instant(job["startedAt"]), instant(job["completedAt"])
    if started is None:
        return None
    return max(((ended or datetime.now(UTC)) - started).total_seconds(), 0.0)


def retry_notice(job: JSON) -> str | None:
    """`retry 2 of 3 in 4 s: …` while a job waits for its next attempt; what it waits for, where it has not failed."""
    due = instant(job["retryAt"])
    if due is None or job["status"] in ENDINGS:
        return None
    if (progress := job["progress"]) and progress["stage"] == "waiting":
        return str(progress["message"])
    wait_s = max((due - datetime.now(UTC)).total_seconds(), 0.0)
    return f"retry {job['retryCount'] + 1} of {job['maxRetries']} in {wait_s:.0f} s: {job['error']}"


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def age(text: str) -> str:
    """How long ago, in its largest unit: `12 s`, `3 min`, `2 h`, `5 d`."""
    seconds = max((datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds(), 0.0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def count(number: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
