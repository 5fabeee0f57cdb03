"""A paused queue: what runs is finished, nothing new starts, and whatever is accepted waits for the resume."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from enrichment import temporal
from enrichment.db import Database
from enrichment.jobs import attempts, pauses, upkeep
from enrichment.jobs.outbox import Dispatchable
from enrichment.jobs.queries import Filter
from enrichment.models import Job, JobStatus, Options, Rehearsal, Submission, WaitReason
from enrichment.queues import BY_BAND
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings

LOW = BY_BAND["low"]


@pytest.fixture(autouse=True)
async def _resumed(queue: EnrichmentQueue) -> AsyncIterator[None]:
    yield
    await queue.resume_queue(LOW)


async def submit(queue: EnrichmentQueue, stage_ms: int = 0, **changes: Any) -> str:
    options = Options(rehearse=Rehearsal(stage_ms=stage_ms))
    values = {"type": "skills_optimization", "candidate_data": {}, "priority": "low", "options": options, **changes}
    return (await queue.add_job(Submission(**values))).id


async def until(queue: EnrichmentQueue, job_id: str, *statuses: JobStatus) -> Job:
    async with asyncio.timeout(40):
        async for job in queue.watch(job_id):
            if job.status in statuses:
                return job
    raise AssertionError(f"{job_id} ended otherwise")


@pytest.mark.usefixtures("worker")
async def test_what_runs_is_finished_and_nothing_new_starts(queue: EnrichmentQueue, database: Database) -> None:
    running = await submit(queue, stage_ms=800)
    await until(queue, running, JobStatus.IN_PROGRESS)
    dispatched = await submit(queue)  # waits in Temporal: the queue has one slot
    async with asyncio.timeout(20):
        while await is_undispatched(database, dispatched):
            await asyncio.sleep(0.05)

    await queue.pause_queue(LOW)
    accepted = await submit(queue)

    assert (await until(queue, running, JobStatus.COMPLETED)).status is JobStatus.COMPLETED
    async with asyncio.timeout(20):  # the slot is free: the next attempt has come, and is held
        while not (await queue.get_workers())[0].running["low"]:
            await asyncio.sleep(0.05)
    waiting = await queue.explain([await queue.get_job_status(job_id) for job_id in (dispatched, accepted)])
    assert [job.status for job in waiting] == [JobStatus.PENDING] * 2
    assert [job.waiting and job.waiting.reason for job in waiting] == ["paused", "paused"]
    assert await is_undispatched(database, accepted)

    await queue.resume_queue(LOW)

    ended = [await until(queue, job_id, JobStatus.COMPLETED) for job_id in (dispatched, accepted)]
    assert [job.retry_count for job in ended] == [0, 0]


@pytest.mark.usefixtures("worker")
async def test_a_job_is_not_given_up_when_the_pause_ends_just_after_it_could_not_begin(
    queue: EnrichmentQueue, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resumed_first(database: Database, job_id: str) -> bool:
        await pauses.resume(database, LOW.task_queue)
        return await is_held(database, job_id)

    is_held = pauses.is_held
    monkeypatch.setattr(pauses, "is_held", resumed_first)
    job_id = await submit(queue, run_at=datetime.now(UTC) + timedelta(hours=1))
    await pauses.pause(database, LOW.task_queue)
    client = await temporal.connect(settings)
    await temporal.start(client, Dispatchable(job_id, 1, "default", None, "skills_optimization", 1, LOW.task_queue, 1))

    assert (await until(queue, job_id, JobStatus.COMPLETED)).retry_count == 0


@pytest.mark.usefixtures("worker")
async def test_a_held_job_can_be_cancelled(queue: EnrichmentQueue) -> None:
    await queue.pause_queue(LOW)
    job_id = await submit(queue)

    assert (await queue.cancel_job(job_id)).status is JobStatus.CANCELLED


@pytest.mark.usefixtures("worker")
async def test_a_bulk_stops_at_its_next_job(queue: EnrichmentQueue) -> None:
    candidates = [{"candidateId": f"paused-{n}"} for n in range(4)]
    bulk = await submit(queue, 200, type="bulk_candidate_enrichment", candidate_data=None, candidates=candidates)
    async with asyncio.timeout(20):
        while JobStatus.IN_PROGRESS not in await statuses(queue, bulk):
            await asyncio.sleep(0.02)
    await queue.pause_queue(LOW)
    async with asyncio.timeout(20):
        while JobStatus.IN_PROGRESS in await statuses(queue, bulk):
            await asyncio.sleep(0.02)
    assert await statuses(queue, bulk) >= {JobStatus.PENDING, JobStatus.COMPLETED}

    await queue.resume_queue(LOW)

    await until(queue, bulk, JobStatus.COMPLETED)
    assert await statuses(queue, bulk) == {JobStatus.COMPLETED}


async def test_the_sweeper_does_not_count_the_time_of_a_pause_or_a_wait(
    queue: EnrichmentQueue, database: Database
) -> None:
    job_id = await submit(queue, run_at="2999-01-01T00:00:00Z")
    long_ago = text("""
        UPDATE enrichment_job SET status = 'in_progress', started_at = now() - interval '3 hours', run_at = NULL,
               dispatched_at = now(), checked_at = now() - interval '1 hour' WHERE id = :id
    """)
    await database.execute(long_ago, {"id": job_id})
    await database.execute(text("DELETE FROM enrichment_queue"))  # as if it had never been paused

    async def is_overdue() -> bool:
        return {row.id: row.is_overdue for row in await upkeep.unchecked(database, 1000)}[job_id]

    assert await is_overdue()
    await queue.pause_queue(LOW)
    assert not await is_overdue()
    await queue.resume_queue(LOW)
    assert not await is_overdue()
    await database.execute(text("DELETE FROM enrichment_queue"))
    assert await is_overdue()
    said, in_the_morning = "Waiting for the next day's budget", timedelta(hours=20)
    next_day = await attempts.postpone(database, job_id, 1, said, in_the_morning, milestone=0)
    assert not await is_overdue(), "it waits, for a budget or a provider"
    waiting = (await queue.explain([await queue.get_job_status(job_id)]))[0].waiting
    assert waiting is not None
    assert waiting.reason is WaitReason.BUDGET
    assert waiting.message == f"Waiting for the next day's budget until {next_day:%H:%M} UTC"
    await queue.cancel_job(job_id)


async def test_the_pause_over_http(api: httpx.AsyncClient, database: Database) -> None:
    paused = (await api.post("/api/queue/low/pause")).json()
    again = (await api.post("/api/queue/low/pause")).json()
    assert paused == again
    assert paused["pausedAt"] is not None
    assert (await api.get("/api/queue/dashboard")).json()["queues"]["low"]["pausedAt"] == paused["pausedAt"]
    assert list(await pauses.paused(database)) == [LOW.task_queue]

    assert (await api.post("/api/queue/low/resume")).json() == {"queue": "low", "pausedAt": None}
    assert await pauses.paused(database) == {}
    assert (await api.post("/api/queue/slow/pause")).status_code == 422


async def statuses(queue: EnrichmentQueue, bulk: str) -> set[JobStatus]:
    return {job.status for job in (await queue.list_jobs(Filter(parent_id=bulk))).jobs}


async def is_undispatched(database: Database, job_id: str) -> bool:
    statement = text("SELECT dispatched_at IS NULL FROM enrichment_job WHERE id = :id")
    return bool((await database.execute(statement, {"id": job_id})).scalar_one())
