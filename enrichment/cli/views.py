"""Answers as a person at a terminal sees them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from enrichment.cli.bars import STYLES
from enrichment.cli.output import JSON
from enrichment.cli.prose import LABELS, age, elapsed_seconds, instant, retry_notice
from enrichment.wording import lasting

_MARKS = {"up": "green", "healthy": "green", "degraded": "yellow", "down": "red", "unhealthy": "red"}
_WIDE = 110
_COLUMNS = {"id": 0, "type": 78, "status": 0, "queue": 62, "candidate": _WIDE, "message": _WIDE, "age": 0}
"""Of the list, and from which width of the terminal on there is room for each: an id stays whole, to be copied."""


def job(job: JSON) -> RenderableType:
    """One job, a line a fact; what it has not got is left out."""
    progress = job["progress"]
    seconds = elapsed_seconds(job)
    facts = {
        "job": Text(job["jobId"], style="bold"),
        "type": job["type"],
        "status": _status(job["status"]),
        "progress": f"{progress['percentage']}%  {progress['message']}",
        "retry": retry_notice(job),
        "error": _error(job),
        "candidate": job["candidateId"],
        "bulk": job["parentId"],
        "queue": f"{job['queue']}, priority {job['priority']}",
        "retries": f"{job['retryCount']} of {job['maxRetries']}",
        "submitted": _time(job["createdAt"]),
        "not before": None if job["startedAt"] else _time(job["runAt"]),
        "started": _time(job["startedAt"]),
        "ended": _time(job["completedAt"]),
        "took": None if seconds is None or job["completedAt"] is None else lasting(seconds),
        "review": job["review"] and job["review"]["status"],
        "model": ", ".join(filter(None, dict.fromkeys((job["provider"], job["model"])))) or None,
    }
    hints = {"completed": f"enrich result {job['jobId']}", "failed": f"enrich retry {job['jobId']}"}
    facts["next"] = hints.get(job["status"])
    return _facts(facts)


def jobs(page: JSON) -> RenderableType:
    """A row a job; what does not fit beside the ids on a narrow terminal is left out or said shorter."""
    if not page["jobs"]:
        return Text("No jobs.", style="dim")
    return _JobTable(page["jobs"])


class _JobTable:
    def __init__(self, jobs: list[JSON]) -> None:
        self._jobs = jobs

    def __rich_console__(self, console: Any, options: Any) -> Iterator[RenderableType]:
        wide = options.max_width >= _WIDE
        table = Table(box=None, pad_edge=False, padding=(0, 2 if wide else 1, 0, 0), header_style="dim", expand=wide)
        names = [name for name, width in _COLUMNS.items() if options.max_width >= width]
        for name in names:
            table.add_column(
                name,
                no_wrap=name != ("candidate" if wide else "id"),  # the one that gives way when there is too little room
                overflow="ellipsis",
                ratio=1 if name == "message" else None,  # what the others leave
                justify="right" if name == "age" else "left",
            )
        for each in self._jobs:
            cells = _cells(each, wide=wide)
            table.add_row(*(cells[name] for name in names))
        yield table


def _cells(job: JSON, *, wide: bool) -> dict[str, RenderableType]:
    """What a row of the list can show of a job, by the names of its columns."""
    state = _status(job["status"])
    if job["status"] == "in_progress":
        reached = Text(f"{job['progress']['percentage']}%", style=state.style)
        state = state.append(" ").append(reached) if wide else reached
    return {
        "id": Text(job["jobId"], no_wrap=True),
        "type": LABELS.get(job["type"], job["type"]),
        "status": state,
        "queue": job["queue"].removeprefix("enrichment-"),
        "candidate": Text(job["candidateId"] or "", no_wrap=True),
        "message": Text(_sentence(job)),
        "age": age(job["createdAt"]),
    }


def stats(stats: JSON) -> RenderableType:
    times, rate = stats["processingTime"], stats["successRate"]
    facts = {
        "jobs": f"{stats['total']:,}",
        "success": "–" if rate is None else f"{rate:.1%}",
        "average": "–" if times["averageSeconds"] is None else lasting(times["averageSeconds"]),
        "95th percentile": "–" if times["p95Seconds"] is None else lasting(times["p95Seconds"]),
    }
    parts: list[RenderableType] = [_facts(facts), "", _counts(stats["byQueue"], stats["byStatus"]), ""]
    parts.append(_tally("type", stats["byType"]))
    if stats["errors"]:
        parts += ["", _tally("error", stats["errors"])]
    if stats["approvals"]:
        parts += ["", _approvals(stats["approvals"])]
    return Group(*parts)


def audit(audit: JSON) -> RenderableType:
    """A line an act."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("at", "run", "act", "by", "model", "prompt", "cost"):
        table.add_column(name, no_wrap=True)
    for entry in audit["entries"]:
        cost = (entry["usage"] or {}).get("costUsd")
        table.add_row(
            _time(entry["at"]), str(entry["run"]), entry["act"], entry["actor"],
            ", ".join(filter(None, dict.fromkeys((entry["provider"], entry["model"])))), entry["promptVersion"] or "–",
            "–" if cost is None else f"${cost:.4f}",
        )  # fmt: skip
    return table


def health(health: JSON) -> RenderableType:
    verdicts = {name: Text(health[name], style=_MARKS[health[name]]) for name in ("database", "redis", "temporal")}
    verdict = Text(health["status"], style=f"bold {_MARKS[health['status']]}")
    table = _table("queue", "workers", "slots", "running", "pending", "oldest")
    for band, load in health["queues"].items():
        oldest = load["oldestPendingAt"]
        numbers = (str(load[name]) for name in ("workers", "slots", "running", "pending"))
        table.add_row(band, *numbers, age(oldest) if oldest else "–")
    return Group(_facts({"status": verdict, **verdicts, "workers": str(health["workers"])}), "", table)


def _facts(facts: dict[str, Any]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        if value is not None:
            grid.add_row(name, Text(value) if isinstance(value, str) else value)
    return grid


def _table(first: str, *numbers: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(first, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _counts(by_queue: dict[str, dict[str, int]], by_status: dict[str, int]) -> Table:
    """Jobs by queue and status, with the sums below."""
    table = _table("queue", *by_status)
    for band, counts in by_queue.items():
        table.add_row(band, *(_number(counts[status]) for status in by_status))
    table.add_row("all", *(_number(jobs) for jobs in by_status.values()), style="bold")
    return table


def _tally(noun: str, counts: dict[str, int]) -> Table:
    table = _table(noun, "jobs")
    for name, jobs in counts.items():
        table.add_row(name, _number(jobs))
    return table


def _approvals(approvals: list[JSON]) -> Table:
    table = _table("reviewed", "approved", "rejected", "rate")
    for each in approvals:
        name = ", ".join(filter(None, dict.fromkeys((each["provider"], each["model"], each["promptVersion"]))))
        table.add_row(name, _number(each["approved"]), _number(each["rejected"]), f"{each['rate']:.1%}")
    return table


def _number(jobs: int) -> str:
    return f"{jobs:,}" if jobs else "·"


def _status(status: str) -> Text:
    return Text(status, style=STYLES[status])


def _sentence(job: JSON) -> str:
    """What to say of a job in a list: why it failed, or what it does now."""
    return retry_notice(job) or _error(job) or (job["progress"]["message"] if job["status"] == "in_progress" else "")


def _error(job: JSON) -> str | None:
    """With its code before it."""
    return None if job["error"] is None else ": ".join(filter(None, (job["errorCode"], job["error"])))


def _time(text: str | None) -> str | None:
    """In local time, with how long ago that was."""
    moment = instant(text)
    if moment is None or text is None:
        return None
    local = f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
    return f"{local}, {age(text)} ago" if moment < datetime.now(moment.tzinfo) else local
