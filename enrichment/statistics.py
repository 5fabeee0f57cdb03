"""How the jobs have fared: their counts, what failed, how long they took, and what ended in each minute.

Counts are sums over a few hundred counter rows, whatever the number of jobs.
"""

import asyncio
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from sqlalchemy import text

from enrichment import queues
from enrichment.db import Database
from enrichment.models import JobStatus, JobType, Model
from enrichment.review.reviews import Approval, approvals
from enrichment.spending import ledger
from enrichment.spending.ledger import DailySpend

SAMPLE = 1_000
"""Durations are taken over so many of the jobs that ended last."""
SPEND_DAYS = timedelta(days=30)


class Durations(Model):
    """Seconds from start to end of the completed jobs among the last `SAMPLE` that ended; None where there are none."""

    average_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None


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


class ErrorGroup(Model):
    """Jobs that failed with this code. The example is the newest of them, which failed at `last_seen_at`."""

    code: str
    count: int
    last_seen_at: datetime | None
    example_job_id: str | None


class Minute(Model):
    """What ended in one minute."""

    minute: datetime
    completed: int
    failed: int
    cancelled: int
    average_seconds: float | None
    queues: dict[str, int]
    """How many of them ended in each band."""


_COUNTED = text("""
    SELECT queue, type, status, error_code, sum(jobs) AS jobs FROM enrichment_job_count
    WHERE tenant = :tenant GROUP BY queue, type, status, error_code
""")
_DURATIONS = text("""
    SELECT avg(seconds) AS average,
           percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY seconds) AS percentiles
    FROM (SELECT extract(epoch FROM completed_at - started_at) AS seconds, tenant, status
          FROM enrichment_job WHERE completed_at IS NOT NULL ORDER BY completed_at DESC LIMIT :sample) AS ended
    WHERE tenant = :tenant AND status = 'completed' AND seconds IS NOT NULL
""")
_THROUGHPUT = text("""
    SELECT minute, status, queue, sum(jobs) AS jobs, sum(seconds) AS seconds FROM enrichment_throughput
    WHERE tenant = :tenant AND minute >= :since GROUP BY minute, status, queue ORDER BY minute
""")
_NEWEST_FAILURES = text("""
    SELECT code, newest.id, newest.completed_at FROM unnest(CAST(:codes AS text[])) AS code
    CROSS JOIN LATERAL (
        SELECT id, completed_at FROM enrichment_job
        WHERE tenant = :tenant AND status = 'failed' AND error_code = code ORDER BY id DESC LIMIT 1
    ) AS newest
""")


async def stats(database: Database, tenant: str) -> Stats:
    """Everything that `GET /api/enrichment?action=stats` shows."""
    counted, processing_time, approved, spend = await asyncio.gather(
        database.execute(_COUNTED, {"tenant": tenant}),
        _durations(database, tenant),
        approvals(database, tenant),
        ledger.by_day(database, tenant, SPEND_DAYS),
    )
    by_status = dict.fromkeys(JobStatus, 0)
    by_type: dict[str, int] = dict.fromkeys(JobType, 0)
    by_queue = {queue.band: dict.fromkeys(JobStatus, 0) for queue in queues.QUEUES}
    errors: dict[str, int] = {}
    for row in counted:
        status, jobs = JobStatus(row.status), int(row.jobs)
        by_status[status] += jobs
        by_type[row.type] = by_type.get(row.type, 0) + jobs
        by_queue.setdefault(_band(row.queue), dict.fromkeys(JobStatus, 0))[status] += jobs
        if row.error_code and jobs:
            errors[row.error_code] = errors.get(row.error_code, 0) + jobs
    decided = by_status[JobStatus.COMPLETED] + by_status[JobStatus.FAILED]
    return Stats(
        total=sum(by_status.values()),
        by_status=by_status,
        by_type=by_type,
        by_queue=by_queue,
        errors=errors,
        success_rate=by_status[JobStatus.COMPLETED] / decided if decided else None,
        processing_time=processing_time,
        approvals=approved,
        spend=spend,
    )


async def _durations(database: Database, tenant: str) -> Durations:
    row = (await database.execute(_DURATIONS, {"tenant": tenant, "sample": SAMPLE})).one()
    p50, p95, p99 = row.percentiles or (None, None, None)
    average = None if row.average is None else float(row.average)
    return Durations(average_seconds=average, p50_seconds=p50, p95_seconds=p95, p99_seconds=p99)


async def error_groups(database: Database, tenant: str, counted: dict[str, int]) -> list[ErrorGroup]:
    """The failures of `Stats.errors`, each with its newest job; the most frequent first."""
    rows = await database.execute(_NEWEST_FAILURES, {"tenant": tenant, "codes": list(counted)})
    newest = {row.code: row for row in rows}
    return [
        ErrorGroup(
            code=code,
            count=count,
            last_seen_at=newest[code].completed_at if code in newest else None,
            example_job_id=newest[code].id if code in newest else None,
        )
        for code, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]


async def throughput(database: Database, tenant: str, since: datetime) -> list[Minute]:
    """What ended in each minute since then; a minute in which nothing ended is left out."""
    minutes: dict[datetime, _Ended] = {}
    for row in await database.execute(_THROUGHPUT, {"tenant": tenant, "since": since}):
        ended = minutes.setdefault(row.minute, _Ended())
        ended.jobs[row.status] += int(row.jobs)
        ended.seconds[row.status] += float(row.seconds)
        ended.queues[_band(row.queue)] += int(row.jobs)
    return [
        Minute(
            minute=minute,
            completed=ended.jobs["completed"],
            failed=ended.jobs["failed"],
            cancelled=ended.jobs["cancelled"],
            average_seconds=ended.seconds["completed"] / ended.jobs["completed"] if ended.jobs["completed"] else None,
            queues=ended.queues,
        )
        for minute, ended in minutes.items()
    ]


class _Ended:
    """Sums of one minute."""

    def __init__(self) -> None:
        self.jobs: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.queues: Counter[str] = Counter()


def _band(task_queue: str) -> str:
    """The band that a task queue serves; the task queue itself where only a newer version knows it."""
    return queues.BY_TASK_QUEUE[task_queue].band if task_queue in queues.BY_TASK_QUEUE else task_queue
