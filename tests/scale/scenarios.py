"""What is run, and what must hold of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from activities.lane import TIME_SLICE
from tests.scale.ground import BAND, Ground

MAKESPAN = """
    SELECT extract(epoch FROM max(completed_at) - min(created_at)) AS s,
           extract(epoch FROM max(completed_at) - min(started_at)) AS running_s
    FROM enrichment_job WHERE parent_id = :bulk
"""
TWICE_ENDED = """
    SELECT count(*) AS jobs FROM (
        SELECT job.id FROM enrichment_job AS job
        LEFT JOIN enrichment_event AS event
            ON event.job_id = job.id AND event.to_status IN ('completed', 'failed', 'cancelled')
        WHERE job.parent_id = :bulk
        GROUP BY job.id HAVING count(event.id) <> 1
    ) AS wrong
"""
STATES = """
    SELECT count(*) FILTER (WHERE status = 'completed') AS completed, count(*) AS total,
           count(*) FILTER (WHERE completed_at IS NULL) AS open,
           extract(epoch FROM max(completed_at)) AS ended_at
    FROM enrichment_job WHERE parent_id = :bulk
"""


class Size(NamedTuple):
    jobs: int
    work: str
    """`rules`, or milliseconds."""
    slots: int


@dataclass
class Report:
    figures: dict[str, object] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def hold(self, promise: str, *, holds: bool) -> None:
        if not holds:
            self.broken.append(promise)


async def run(ground: Ground, size: Size) -> Report:
    report = Report()
    await _one(ground, size, report)
    return report


async def large(ground: Ground, size: Size) -> Report:
    """First a thousand, for the rate to compare with; those before warm up."""
    await _one(ground, Size(200, size.work, size.slots), Report())
    small, report = Report(), Report()
    rate_of_1000 = await _one(ground, Size(1_000, size.work, size.slots), small)
    memory = asyncio.create_task(_memory(ground))
    rate = await _one(ground, size, report, memory)
    ratio = rate / rate_of_1000
    report.figures |= {"jobs/s of 1,000": round(rate_of_1000), "jobs/s against that": round(ratio, 3)}
    report.hold("its jobs per second are 0.9 of those of 1,000", holds=ratio >= 0.9)
    return report


async def cancel(ground: Ground, size: Size) -> Report:
    report = Report()
    bulk = await ground.submit(size.jobs)
    await ground.until(bulk, lambda ended, _: ended >= size.jobs * 0.3)
    asked_at = time.time()
    answer = await ground.http.post(f"/api/enrichment/jobs/{bulk}/cancel")
    parent_s = time.time() - asked_at
    await ground.until(bulk, lambda ended, _: ended == size.jobs)
    children_s = time.time() - asked_at
    await asyncio.sleep(5)  # for calls that should not be made any more
    states = await ground.one(STATES, bulk=bulk)
    last_call_s = ground.last_call_at() - asked_at
    report.figures |= {
        "answered": f"{answer.status_code} {answer.json()['status']}",
        "parent cancelled after s": round(parent_s, 2),
        "children terminal after s": round(children_s, 2),
        "last call began after s": round(last_call_s, 2),
        "completed before": states.completed,
    }
    report.hold("the parent is cancelled within 5 s", holds=answer.json()["status"] == "cancelled" and parent_s < 5)
    report.hold("no new call after 2 s", holds=last_call_s < 2)
    report.hold("all children are terminal within 30 s", holds=children_s < 30 and states.open == 0)
    await _hold_once_ended(ground, bulk, report)
    return report


async def kills(ground: Ground, size: Size) -> Report:
    report = Report()
    bulk = await ground.submit(size.jobs)
    for share, name in ((0.1, "worker"), (0.3, "api"), (0.5, "temporal"), (0.7, "worker")):
        least = size.jobs * share
        await ground.until(bulk, partial(_have_ended, least))
        report.figures[f"{name} killed at {share:.0%}: back after s"] = round(await ground.kill(name), 2)
    await ground.until(bulk, lambda _, status: status in ("completed", "failed", "cancelled"))
    states = await ground.one(STATES, bulk=bulk)
    job = await ground.job(bulk)
    report.figures |= {
        "result": _numbers(job["result"]),
        "enriched again after a kill": sum(times > 1 for times in ground.called().values()),
    }
    report.hold("all are completed", holds=states.completed == size.jobs)
    report.hold("its sums are those of the rows", holds=(job["result"] or {}).get("completed") == states.completed)
    await _hold_once_ended(ground, bulk, report)
    return report


def _have_ended(least: float, ended: int, _: str) -> bool:
    return ended >= least


async def fair(ground: Ground, size: Size) -> Report:
    """Single jobs, one after another, while all slots of their queue belong to the bulk."""
    report = Report()
    bulk = await ground.submit(size.jobs)
    await ground.until(bulk, lambda ended, _: ended > 0)
    waits = []
    for number in range(10):
        body = {"type": "skills_optimization", "candidateData": {"candidateId": f"single-{number}"}, "priority": BAND}
        job_id = (await ground.http.post("/api/enrichment", json=body)).json()["jobId"]
        await ground.until(job_id, lambda _, status: status == "completed")
        row = await ground.one(
            "SELECT extract(epoch FROM started_at - created_at) AS s FROM enrichment_job WHERE id = :id", id=job_id
        )
        waits.append(float(row.s))
    still = await ground.one(STATES, bulk=bulk)
    longest_s = TIME_SLICE.total_seconds() + int(size.work) / 1000
    report.figures |= {"waited s": sorted(round(wait, 2) for wait in waits), "left of the bulk": still.open}
    report.hold("the bulk still runs", holds=still.open > 0)
    report.hold("a single job begins within a time slice and one job", holds=max(waits) < longest_s)
    await ground.http.post(f"/api/enrichment/jobs/{bulk}/cancel")
    return report


async def _one(
    ground: Ground, size: Size, report: Report, memory: "asyncio.Task[list[tuple[float, float, float]]] | None" = None
) -> float:
    """One bulk from its first byte to its end; its jobs per second."""
    before, began = ground.cpu_s(), time.monotonic()
    bulk = await ground.submit(size.jobs)
    accepted_s = time.monotonic() - began
    while (job := await ground.job(bulk))["completedAt"] is None:
        await asyncio.sleep(0.2 if size.jobs < 20_000 else 2)
    used = {name: seconds - before.get(name, 0.0) for name, seconds in ground.cpu_s().items()}
    took, states = await ground.one(MAKESPAN, bulk=bulk), await ground.one(STATES, bulk=bulk)
    rate = size.jobs / float(took.running_s)
    report.figures |= {
        "accepted after s": round(accepted_s, 2),
        "makespan s": round(float(took.s), 2),
        "of it running s": round(float(took.running_s), 2),
        "jobs/s": round(rate),
        "CPU ms per job": {name: round(s * 1000 / size.jobs, 3) for name, s in used.items()},
        "longest history, events": (events := await ground.longest_history(bulk)),
        "result": _numbers(job["result"]),
    }
    if size.work not in ("0", "rules"):
        ideal_s = size.jobs * int(size.work) / 1000 / size.slots
        report.figures["makespan against the ideal"] = round(float(took.s) / ideal_s, 3)
    report.hold("it is accepted within 60 s", holds=accepted_s < 60)
    report.hold("no history has more than 10,000 events", holds=events <= 10_000)
    report.hold("all are completed", holds=states.completed == states.total == size.jobs)
    await _hold_once_ended(ground, bulk, report)
    if memory is not None:
        memory.cancel()
        _hold_memory(await memory, time.monotonic() - float(took.running_s), float(took.running_s), report)
    return rate


async def _memory(ground: Ground) -> list[tuple[float, float, float]]:
    """Moments with the memory of API and worker, until it is cancelled."""
    seen = []
    try:
        while True:
            seen.append((time.monotonic(), ground.rss_mb("api"), ground.rss_mb("worker")))
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return seen


def _hold_memory(seen: list[tuple[float, float, float]], began: float, running_s: float, report: Report) -> None:
    """The worker's between 10 % and 90 % of the run, against their middle."""
    inner = [worker for at, _, worker in seen if 0.1 < (at - began) / running_s < 0.9]
    least, most = min(inner), max(inner)
    api = max(api for _, api, _ in seen)
    report.figures |= {"API, most MB": round(api), "worker, MB from 10 % to 90 %": f"{least:.0f} to {most:.0f}"}
    report.hold("the API stays under 200 MB", holds=api < 200)
    report.hold("the worker's memory is flat (± 20 %)", holds=(most - least) / (most + least) <= 0.2)


async def _hold_once_ended(ground: Ground, bulk: str, report: Report) -> None:
    wrong = await ground.one(TWICE_ENDED, bulk=bulk)
    report.hold("every job has ended exactly once", holds=wrong.jobs == 0)


def _numbers(result: dict[str, Any] | None) -> dict[str, int]:
    return {name: value for name, value in (result or {}).items() if isinstance(value, int)}


SCENARIOS: dict[str, Callable[[Ground, Size], Awaitable[Report]]] = {
    "run": run, "large": large, "cancel": cancel, "kills": kills, "fair": fair,
}  # fmt: skip
SIZES = {
    "run": Size(5_000, "0", 11),
    "large": Size(100_000, "rules", 11),
    "cancel": Size(10_000, "20", 11),
    "kills": Size(5_000, "20", 11),
    "fair": Size(10_000, "50", 3),
}
"""Of each scenario, unless another is asked for."""
