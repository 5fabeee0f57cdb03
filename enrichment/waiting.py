"""Why a job waits: the one sentence that saves its owner a look into four systems."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from enrichment.db import Database
from enrichment.errors import BudgetExceeded, BudgetReserved, EnrichmentError, ProviderRateLimited
from enrichment.jobs import batches, pauses, queries, workload
from enrichment.jobs.batches import Hold
from enrichment.models import Job, JobStatus, Waiting, WaitReason
from enrichment.queues import BY_TASK_QUEUE

COUNT_TO = 1_000
"""Places in line are counted so far; beyond, nobody cares for the number."""
PUT_OFF: dict[type[EnrichmentError], str] = {
    ProviderRateLimited: "Waiting for the provider",
    BudgetExceeded: "Waiting for the next day's budget",
    BudgetReserved: "Waiting for what calls under way leave of the budget",
}
"""What the row says of an attempt that was put off. It has no error code, since nothing has failed."""
_REASONS = dict(zip(PUT_OFF.values(), (WaitReason.PROVIDER, WaitReason.BUDGET, WaitReason.BUDGET), strict=True))


async def why(database: Database, jobs: Sequence[Job]) -> list[Waiting | None]:
    """Why each of the jobs does not run now; None: it runs, or it has ended."""
    now, asked = datetime.now(UTC), [job for job in jobs if _may_wait(job)]
    if not asked:
        return [None] * len(jobs)
    paused, workers, holds = await asyncio.gather(
        pauses.paused(database), workload.workers(database), _holds(database, asked)
    )
    told = await asyncio.gather(
        *(_one(database, job, paused.get(job.queue), workers, holds.get(job.parent_id or ""), now) for job in asked)
    )
    by_id = dict(zip((job.job_id for job in asked), told, strict=True))
    return [by_id.get(job.job_id) for job in jobs]


def _may_wait(job: Job) -> bool:
    return not job.status.is_terminal and (job.status is not JobStatus.IN_PROGRESS or job.retry_at is not None)


async def _holds(database: Database, jobs: Sequence[Job]) -> dict[str, Hold]:
    """What holds the bulks of those jobs that have not begun, in one look."""
    bulks = {job.parent_id for job in jobs if job.parent_id is not None and job.status is JobStatus.PENDING}
    return await batches.holds(database, sorted(bulks)) if bulks else {}


async def _one(
    database: Database,
    job: Job,
    paused_at: datetime | None,
    workers: Sequence[workload.Worker],
    hold: Hold | None,
    now: datetime,
) -> Waiting | None:
    if job.status is JobStatus.IN_PROGRESS and paused_at is None:
        return _retry(job, now)
    run_at = hold.run_at if hold else job.run_at
    if run_at is not None and run_at > now:
        return Waiting(reason=WaitReason.SCHEDULED, message=f"It starts at {_time(run_at)}", until=run_at)
    if hold is not None and hold.behind is not None and job.job_id > hold.behind:
        message = "It waits until the first candidates of its bulk have ended and are approved"
        return Waiting(reason=WaitReason.APPROVAL, message=message)
    if paused_at is not None:
        message = f"Its queue is paused since {_time(paused_at)}: nothing new starts until it is resumed"
        return Waiting(reason=WaitReason.PAUSED, message=message)
    return await _in_line(database, job, workers)


def _retry(job: Job, now: datetime) -> Waiting | None:
    if job.retry_at is None or job.retry_at <= now:
        return Waiting(reason=WaitReason.STARTING, message="Its next attempt starts as soon as a slot is free")
    if reason := _REASONS.get(job.error or ""):
        return Waiting(reason=reason, message=until(job.error or "", job.retry_at), until=job.retry_at)
    message = f"Its next attempt starts at {_time(job.retry_at)}, after {job.error_code}"
    return Waiting(reason=WaitReason.RETRY, message=message, until=job.retry_at)


def until(said: str, instant: datetime) -> str:
    return f"{said} until {instant.astimezone(UTC):%H:%M} UTC"


async def _in_line(database: Database, job: Job, workers: Sequence[workload.Worker]) -> Waiting:
    queue = BY_TASK_QUEUE.get(job.queue)
    ahead = await queries.ahead(database, job.tenant, job, at_most=COUNT_TO)
    slots = sum(worker.slots.get(queue.band, 0) for worker in workers) if queue else 0
    running = sum(worker.running.get(queue.band, 0) for worker in workers) if queue else 0
    if not slots:
        return Waiting(reason=WaitReason.NO_WORKER, message="No worker serves its queue now", position=ahead + 1)
    if running < slots:
        return Waiting(reason=WaitReason.STARTING, message="A slot is free: it is about to start", position=ahead + 1)
    place = f"{ahead + 1}" if ahead < COUNT_TO else f"beyond {COUNT_TO}"
    message = f"Number {place} in line: all {slots} slots of its queue are busy"
    return Waiting(reason=WaitReason.BUSY, message=message, position=ahead + 1, slots=slots)


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
