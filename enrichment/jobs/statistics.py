"""What the operators see. Counts are sums over a few hundred counter rows, whatever the number of jobs."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from enrichment import queues
from enrichment.db import Database
from enrichment.models import JobStatus, JobType, Model
from enrichment.review.reviews import Approval, approvals
from enrichment.spending import ledger
from enrichment.spending.ledger import DailySpend
from enrichment.tables import CountRow, WorkerRow

SAMPLE = 1_000
"""Durations are taken over so many of the jobs that ended last."""
SPEND_DAYS = timedelta(days=30)
WORKER_ALIVE = timedelta(seconds=10)
"""A worker that was not seen for longer counts as dead."""


class Durations(Model):
    """Seconds from start to end of the completed jobs among the last `SAMPLE` that ended; None where there are none."""

    average_seconds: float | None
    p95_seconds: float | None


class Stats(Model):
    """Counts of jobs, and how the processing goes. `by_queue` has the band as key, then the status."""

    total: int
    by_status: dict[JobStatus, int]
    by_type: dict[str, int]
    by_queue: dict[str, dict[JobStatus, int]]
    errors: dict[str, int]
    """Failed jobs by error code."""
    success_rate: float | None
    """Completed over completed and failed, 0 to 1; None before the first of them."""
    processing_time: Durations
    approvals: tuple[Approval, ...]
    """How reviewers received the results, by model and prompt."""
    spend: tuple[DailySpend, ...]
    """What calls to models cost on each of the last `SPEND_DAYS` days (UTC)."""


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


class Load(Model):
    """The live workers and each queue, by band."""

    workers: int
    queues: dict[str, QueueLoad]


class Minute(Model):
    """What ended in one minute."""

    minute: datetime
    completed: int
    failed: int
    cancelled: int
    average_seconds: float | None


_DURATIONS = text("""
    SELECT avg(seconds) AS average, percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95
    FROM (SELECT extract(epoch FROM completed_at - started_at) AS seconds, tenant, status
          FROM enrichment_job WHERE completed_at IS NOT NULL ORDER BY completed_at DESC LIMIT :sample) AS ended
    WHERE tenant = :tenant AND status = 'completed' AND seconds IS NOT NULL
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
_THROUGHPUT = text("""
    SELECT minute, status, sum(jobs) AS jobs, sum(seconds) AS seconds FROM enrichment_throughput
    WHERE tenant = :tenant AND minute >= :since GROUP BY minute, status ORDER BY minute
""")


async def stats(database: Database, tenant: str) -> Stats:
    """Everything that `GET /api/enrichment?action=stats` shows."""
    statement = (
        select(
            CountRow.queue, CountRow.type, CountRow.status, CountRow.error_code, func.sum(CountRow.jobs).label("jobs")
        )
        .where(CountRow.tenant == tenant)
        .group_by(CountRow.queue, CountRow.type, CountRow.status, CountRow.error_code)
    )
    by_status = dict.fromkeys(JobStatus, 0)
    by_type: dict[str, int] = dict.fromkeys(JobType, 0)
    by_queue = {queue.band: dict.fromkeys(JobStatus, 0) for queue in queues.QUEUES}
    errors: dict[str, int] = {}
    for row in await database.execute(statement):
        status, jobs = JobStatus(row.status), int(row.jobs)
        by_status[status] += jobs
        by_type[row.type] = by_type.get(row.type, 0) + jobs
        by_queue.setdefault(_band(row.queue), dict.fromkeys(JobStatus, 0))[status] += jobs
        if row.error_code and jobs:
            errors[row.error_code] = errors.get(row.error_code, 0) + jobs
    duration = (await database.execute(_DURATIONS, {"tenant": tenant, "sample": SAMPLE})).one()
    decided = by_status[JobStatus.COMPLETED] + by_status[JobStatus.FAILED]
    return Stats(
        total=sum(by_status.values()),
        by_status=by_status,
        by_type=by_type,
        by_queue=by_queue,
        errors=errors,
        success_rate=by_status[JobStatus.COMPLETED] / decided if decided else None,
        processing_time=Durations(
            average_seconds=None if duration.average is None else float(duration.average),
            p95_seconds=None if duration.p95 is None else float(duration.p95),
        ),
        approvals=await approvals(database, tenant),
        spend=await ledger.by_day(database, tenant, SPEND_DAYS),
    )


async def load(database: Database, tenant: str) -> Load:
    """What waits and runs now, and who works on it."""
    counts = {
        (row.queue, row.status): int(row.jobs)
        for row in await database.execute(
            select(CountRow.queue, CountRow.status, func.sum(CountRow.jobs).label("jobs"))
            .where(CountRow.tenant == tenant, CountRow.status.in_([JobStatus.PENDING, JobStatus.IN_PROGRESS]))
            .group_by(CountRow.queue, CountRow.status)
        )
    }
    names = [queue.task_queue for queue in queues.QUEUES]
    oldest = {
        row.queue: row.oldest for row in await database.execute(_OLDEST_PENDING, {"tenant": tenant, "queues": names})
    }
    live = await workers(database)
    by_band = {
        queue.band: QueueLoad(
            task_queue=queue.task_queue,
            workers=sum(1 for worker in live if queue.band in worker.slots),
            slots=sum(worker.slots.get(queue.band, 0) for worker in live),
            running=sum(worker.running.get(queue.band, 0) for worker in live),
            pending=counts.get((queue.task_queue, JobStatus.PENDING), 0),
            in_progress=counts.get((queue.task_queue, JobStatus.IN_PROGRESS), 0),
            oldest_pending_at=oldest[queue.task_queue],
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


async def throughput(database: Database, tenant: str, since: datetime) -> list[Minute]:
    """What ended in each minute since then; a minute in which nothing ended is left out."""
    minutes: dict[datetime, dict[str, tuple[int, float]]] = {}
    for row in await database.execute(_THROUGHPUT, {"tenant": tenant, "since": since}):
        minutes.setdefault(row.minute, {})[row.status] = (int(row.jobs), float(row.seconds))
    nothing = (0, 0.0)
    return [
        Minute(
            minute=minute,
            completed=ended.get("completed", nothing)[0],
            failed=ended.get("failed", nothing)[0],
            cancelled=ended.get("cancelled", nothing)[0],
            average_seconds=ended["completed"][1] / ended["completed"][0] if "completed" in ended else None,
        )
        for minute, ended in minutes.items()
    ]


def _band(task_queue: str) -> str:
    """The band that a task queue serves; the task queue itself where only a newer version knows it."""
    return queues.BY_TASK_QUEUE[task_queue].band if task_queue in queues.BY_TASK_QUEUE else task_queue
