"""What waits and runs now, and who works on it. Counts are sums over counter rows, whatever the number of jobs."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from enrichment import queues
from enrichment.db import Database
from enrichment.jobs import pauses
from enrichment.models import JobStatus, Model
from enrichment.tables import WorkerRow

WORKER_ALIVE = timedelta(seconds=10)
"""A worker that was not seen for longer counts as dead."""


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
