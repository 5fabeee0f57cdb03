"""What waits and runs now, who works on it, and how fast. Counts are sums over counter rows, however many the jobs."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from enrichment import queues
from enrichment.db import Database
from enrichment.jobs import pauses
from enrichment.models import JobStatus, JobType, Model
from enrichment.tables import WorkerRow

WORKER_ALIVE = timedelta(seconds=10)
"""A worker that was not seen for longer counts as dead."""
LATEST = 1_000
"""The pace is that of so many of the jobs that were submitted last."""


class Worker(Model):
    """A live worker process; `slots` and `running` have a number of jobs per band that it serves."""

    id: str
    started_at: datetime
    slots: dict[str, int]
    running: dict[str, int]


class QueueLoad(Model):
    """One queue now: `running` jobs against the `slots` of all live workers that serve it."""

    task_queue: str
    workers: int
    slots: int
    running: int
    pending: int
    in_progress: int
    oldest_pending_at: datetime | None
    paused_at: datetime | None
    """Since when nothing new starts; None: the queue is not paused."""


class Load(Model):
    """The live workers and each queue, by band."""

    workers: int
    queues: dict[str, QueueLoad]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long jobs of a kind take of late, and who could work on them now; `seconds` is None before the first."""

    seconds: tuple[float, float] | None
    waiting: int
    slots: int


_OPEN = text("""
    SELECT queue, status, sum(jobs) AS jobs FROM enrichment_job_count
    WHERE tenant = :tenant AND status IN ('pending', 'in_progress') GROUP BY queue, status
""")
_OLDEST_PENDING = text("""
    SELECT served.queue, (
        SELECT job.created_at FROM enrichment_job AS job
        WHERE job.tenant = :tenant AND job.status = 'pending' AND job.queue = served.queue
          AND (job.run_at IS NULL OR job.run_at <= now())
        ORDER BY job.id LIMIT 1
    ) AS oldest
    FROM unnest(CAST(:queues AS text[])) AS served (queue)
""")
_PACE = text("""
    SELECT avg(seconds) AS average, percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95
    FROM (SELECT extract(epoch FROM completed_at - started_at) AS seconds, status, provider
          FROM enrichment_job WHERE tenant = :tenant AND type = :type ORDER BY id DESC LIMIT :latest) AS latest
    WHERE status = 'completed' AND seconds IS NOT NULL AND (provider = 'rules') = :by_rules
""")


async def load(database: Database, tenant: str) -> Load:
    """What waits and runs now, and who works on it."""
    names = [queue.task_queue for queue in queues.QUEUES]
    counted, waiting, live, paused = await asyncio.gather(
        database.execute(_OPEN, {"tenant": tenant}),
        database.execute(_OLDEST_PENDING, {"tenant": tenant, "queues": names}),
        workers(database),
        pauses.paused(database),
    )
    counts = {(row.queue, row.status): int(row.jobs) for row in counted}
    oldest = {row.queue: row.oldest for row in waiting}
    by_band = {
        queue.band: QueueLoad(
            task_queue=queue.task_queue,
            workers=sum(1 for worker in live if queue.band in worker.slots),
            slots=sum(worker.slots.get(queue.band, 0) for worker in live),
            running=sum(worker.running.get(queue.band, 0) for worker in live),
            pending=counts.get((queue.task_queue, JobStatus.PENDING), 0),
            in_progress=counts.get((queue.task_queue, JobStatus.IN_PROGRESS), 0),
            oldest_pending_at=oldest[queue.task_queue],
            paused_at=paused.get(queue.task_queue),
        )
        for queue in queues.QUEUES
    }
    return Load(workers=len(live), queues=by_band)


async def pace(database: Database, tenant: str, job_type: JobType, band: str, *, by_rules: bool) -> Pace:
    """How long jobs of this type have taken of late, and what stands before a new one in this band."""
    asked = {"tenant": tenant, "type": job_type, "latest": LATEST, "by_rules": by_rules}
    taken, now = await asyncio.gather(database.execute(_PACE, asked), load(database, tenant))
    row, queue = taken.one(), now.queues[band]
    seconds = None if row.average is None else (float(row.average), float(row.p95))
    return Pace(seconds, queue.pending + queue.in_progress, queue.slots)


async def workers(database: Database) -> list[Worker]:
    """The worker processes that are alive."""
    statement = (
        select(WorkerRow.id, WorkerRow.started_at, WorkerRow.slots, WorkerRow.running)
        .where(WorkerRow.seen_at > func.now() - WORKER_ALIVE)
        .order_by(WorkerRow.id)
    )
    return [
        Worker(id=row.id, started_at=row.started_at, slots=row.slots, running=row.running)
        for row in await database.execute(statement)
    ]
