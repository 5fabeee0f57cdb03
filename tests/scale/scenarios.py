"""What is run, and what must hold of it."""

import argparse
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.scale.ground import Ground

MAKESPAN = """
    SELECT extract(epoch FROM max(completed_at) - min(created_at)) AS s,
           extract(epoch FROM max(completed_at) - min(started_at)) AS running_s
    FROM enrichment_job WHERE parent_id = :bulk
"""
TWICE_ENDED = """
    SELECT count(*) AS jobs FROM (
        SELECT event.job_id FROM enrichment_event AS event JOIN enrichment_job AS job ON job.id = event.job_id
        WHERE job.parent_id = :bulk AND event.to_status IN ('completed', 'failed', 'cancelled')
        GROUP BY event.job_id, event.run HAVING count(*) <> 1
    ) AS wrong
"""


@dataclass
class Report:
    figures: dict[str, object] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def hold(self, promise: str, *, holds: bool) -> None:
        if not holds:
            self.broken.append(promise)


async def run(ground: Ground, arguments: argparse.Namespace) -> Report:
    await ground.start_worker(arguments.work, arguments.slots)
    report = Report()
    before = ground.cpu_s()
    submitted_at = time.monotonic()
    bulk = await ground.submit(arguments.jobs, options={"batchSize": arguments.batch_size})
    accepted_s = time.monotonic() - submitted_at
    end = await ground.end_of(bulk)
    used = {name: seconds - before.get(name, 0.0) for name, seconds in ground.cpu_s().items()}

    took = await ground.one(MAKESPAN, bulk=bulk)
    makespan_s = float(took.s)
    report.figures |= {
        "accepted after s": round(accepted_s, 2),
        "makespan s": round(makespan_s, 2),
        "of it running s": round(float(took.running_s), 2),
        "jobs/s": round(arguments.jobs / makespan_s),
        "CPU ms per job": {name: round(s * 1000 / arguments.jobs, 3) for name, s in used.items()},
        "result": {name: value for name, value in (end.result or {}).items() if isinstance(value, int)},
    }
    if arguments.work not in ("0", "rules"):
        ideal_s = arguments.jobs * int(arguments.work) / 1000 / arguments.slots
        report.figures["against the ideal"] = round(makespan_s / ideal_s, 3)
    wrong = await ground.one(TWICE_ENDED, bulk=bulk)
    report.hold("every job ends once", holds=wrong.jobs == 0)
    report.hold("all are completed", holds=(end.result or {}).get("completed") == arguments.jobs)
    return report


SCENARIOS: dict[str, Callable[[Ground, argparse.Namespace], Awaitable[Report]]] = {"run": run}
