"""Each dangerous window, forced open: a process or a component is lost just there, and the job ends once and right."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from enrichment import temporal
from enrichment.cancellation import stop
from enrichment.db import Database, dsn
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.dispatch import Dispatcher
from enrichment.errors import NotFound
from enrichment.jobs import attempts, batches, outbox, queries, transitions, upkeep
from enrichment.jobs.outbox import Dispatchable
from enrichment.jobs.transitions import Outcome
from enrichment.models import Job, JobStatus, JobType, Options, Rehearsal, Submission
from enrichment.redis import redis_client
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings

pytestmark = pytest.mark.usefixtures("worker")

SLOW = Options(rehearse=Rehearsal(stage_ms=400))
ONCE = [JobStatus.PENDING, JobStatus.IN_PROGRESS, JobStatus.COMPLETED]


@pytest.fixture(scope="module")
async def client(settings: Settings) -> Client:
    return await temporal.connect(settings)


Divert = Callable[[Callable[[Dispatchable], Awaitable[None]]], None]
OURS = ("ours", "urgent")
"""Queues that no worker serves."""


@pytest.fixture
def divert(monkeypatch: pytest.MonkeyPatch) -> Divert:
    """Has the starts of jobs of `OURS` come to a test, and all others to Temporal."""
    start = temporal.start

    def to(starting: Callable[[Dispatchable], Awaitable[None]]) -> None:
        async def diverted(client: Client, job: Dispatchable) -> None:
            await (starting(job) if job.queue in OURS else start(client, job))

        monkeypatch.setattr(temporal, "start", diverted)

    return to


@pytest.fixture
def dispatcher(settings: Settings, database: Database, client: Client) -> Dispatcher:
    """Of two slots of ours one is taken; the urgent one is free."""
    return Dispatcher(settings, database, client, {"ours": 2, "urgent": 1}, Counter({"ours": 1}))


async def submit(queue: EnrichmentQueue, **changes: Any) -> str:
    values = {"type": JobType.SKILLS_OPTIMIZATION, "candidate_data": {}, "priority": "critical", **changes}
    return (await queue.add_job(Submission(**values))).id


async def aside(queue: EnrichmentQueue, **changes: Any) -> str:
    """A job that no dispatcher touches until `release`."""
    return await submit(queue, run_at=datetime.now(UTC) + timedelta(hours=1), **changes)


async def release(database: Database, job_id: str, also: str = "claimed_at = NULL") -> None:
    statement = text(f"UPDATE enrichment_job SET run_at = NULL, {also} WHERE id = :id")
    await database.execute(statement, {"id": job_id})


async def marked(database: Database, job_id: str) -> bool:
    statement = text("SELECT dispatched_at IS NOT NULL AND claimed_at IS NULL FROM enrichment_job WHERE id = :id")
    return bool((await database.execute(statement, {"id": job_id})).scalar_one())


async def end_of(queue: EnrichmentQueue, job_id: str) -> Job:
    async with asyncio.timeout(40):
        return [job async for job in queue.watch(job_id)][-1]


async def running(queue: EnrichmentQueue, job_id: str) -> AsyncIterator[Job]:
    """The job at each change, from its first stage on."""
    async for job in queue.watch(job_id):
        if job.status is JobStatus.IN_PROGRESS:
            yield job


async def shown_anew(settings: Settings, job_id: str) -> int:
    """The percentage that a process shows which has just started, when Redis has lost everything."""
    redis = redis_client(settings)
    await redis.flushall()
    await redis.aclose()
    async with await EnrichmentQueue.connect(settings) as another:
        shown = (await another.get_job_status(job_id)).progress
    assert shown is not None
    return shown.percentage


async def changes(queue: EnrichmentQueue, job_id: str) -> list[JobStatus]:
    events = await queue.list_events(job_id)
    return [event.to_status for event in events if event.to_status != event.from_status]


async def test_a_dispatcher_that_dies_before_it_starts_the_workflow(queue: EnrichmentQueue, database: Database) -> None:
    job_id = await aside(queue)
    await release(database, job_id, "claimed_at = now()")
    assert job_id not in {job.id for job in await outbox.claim(database, ["enrichment-critical"], 100)}

    await release(database, job_id, "claimed_at = now() - interval '1 minute'")

    assert (await end_of(queue, job_id)).status is JobStatus.COMPLETED


async def test_a_dispatcher_that_dies_between_the_start_and_the_mark(
    queue: EnrichmentQueue, database: Database, client: Client
) -> None:
    job_id = await aside(queue)
    kind, task_queue = JobType.SKILLS_OPTIMIZATION, "enrichment-critical"
    await temporal.start(client, Dispatchable(job_id, 1, "default", None, kind, 20, task_queue, 3))

    await release(database, job_id, "claimed_at = now() - interval '1 minute'")

    assert (await end_of(queue, job_id)).status is JobStatus.COMPLETED
    assert await changes(queue, job_id) == ONCE


async def test_a_dispatcher_that_stops_in_the_middle_gives_its_rows_back(
    queue: EnrichmentQueue, database: Database, dispatcher: Dispatcher, divert: Divert
) -> None:
    stuck = asyncio.Event()

    async def starting(job: Dispatchable) -> None:
        stuck.set()
        await asyncio.Event().wait()

    divert(starting)
    job_id = await aside(queue)
    await release(database, job_id, "queue = 'ours'")
    stopping = asyncio.create_task(dispatcher.dispatch())
    async with asyncio.timeout(20):
        await stuck.wait()
    stopping.cancel()
    await asyncio.wait({stopping})

    (left,) = await outbox.claim(database, ["ours"], 1)
    assert left.id == job_id, "free at once, and not when the claim expires"
    await release(database, job_id, "queue = 'enrichment-critical', claimed_at = NULL")
    assert (await end_of(queue, job_id)).status is JobStatus.COMPLETED


async def test_of_a_burst_what_has_to_wait_holds_up_nothing_that_has_a_slot(
    queue: EnrichmentQueue, database: Database, dispatcher: Dispatcher, divert: Divert
) -> None:
    """In line is a start that Temporal never answers."""
    started = asyncio.Queue[str]()

    async def starting(job: Dispatchable) -> None:
        started.put_nowait(job.id)
        if job.id == second:
            await asyncio.Event().wait()

    divert(starting)
    first, second, third, urgent = [await aside(queue) for _ in range(4)]
    for job_id in (first, second, third):
        await release(database, job_id, "queue = 'ours'")
    dispatching = asyncio.create_task(dispatcher.dispatch())
    async with asyncio.timeout(20):
        order = [await started.get() for _ in range(3)]
        await release(database, urgent, "queue = 'urgent'")
        order.append(await started.get())
    await stop(dispatching)

    assert order == [first, second, third, urgent]
    left = {job.id for job in await outbox.claim(database, OURS, 10)}
    assert second in left, "free at once, and not when the claim expires"
    await asyncio.gather(*map(queue.cancel_job, (first, second, third, urgent)))


async def test_a_row_that_nobody_foresaw_stops_no_other_and_counts_as_not_started(
    queue: EnrichmentQueue, database: Database, dispatcher: Dispatcher, divert: Divert
) -> None:
    started = asyncio.Queue[str]()

    async def starting(job: Dispatchable) -> None:
        if job.id == odd:
            raise RuntimeError("odd")
        started.put_nowait(job.id)

    divert(starting)
    odd, *others = [await aside(queue) for _ in range(3)]
    for job_id in (odd, *others):
        await release(database, job_id, "queue = 'ours'")
    loops = [asyncio.create_task(loop()) for loop in (dispatcher.mark, dispatcher.dispatch)]
    async with asyncio.timeout(20):
        assert [await started.get() for _ in others] == others
        while not await marked(database, others[-1]):
            await asyncio.sleep(0.02)
    await asyncio.gather(*map(stop, loops))

    assert [await marked(database, job_id) for job_id in (odd, *others)] == [False, True, True]
    await asyncio.gather(*map(queue.cancel_job, (odd, *others)))


async def test_what_was_started_is_marked_also_by_a_dispatcher_that_stops(
    queue: EnrichmentQueue,
    database: Database,
    dispatcher: Dispatcher,
    divert: Divert,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started, looks_again, claim = asyncio.Event(), asyncio.Event(), outbox.claim

    async def starting(job: Dispatchable) -> None:
        started.set()

    async def claiming(database: Database, queues: Sequence[str], limit: int) -> list[Dispatchable]:
        if started.is_set() and "ours" in queues:
            looks_again.set()
        return await claim(database, queues, limit)

    divert(starting)
    monkeypatch.setattr(outbox, "claim", claiming)
    job_id = await aside(queue)
    await release(database, job_id, "queue = 'ours'")
    loops = [asyncio.create_task(loop()) for loop in (dispatcher.mark, dispatcher.dispatch)]
    async with asyncio.timeout(20):
        await looks_again.wait()
    await asyncio.gather(*map(stop, loops))

    assert await marked(database, job_id)
    await queue.cancel_job(job_id)


async def test_a_cancel_between_the_start_and_the_mark_is_signalled(queue: EnrichmentQueue, database: Database) -> None:
    claimed, unclaimed = await aside(queue), await aside(queue)
    await release(database, claimed, "claimed_at = now()")

    told = [await transitions.cancel(database, "default", job_id, "changed my mind") for job_id in (claimed, unclaimed)]

    assert [cancelled is not None and cancelled.may_have_workflow for cancelled in told] == [True, False]


async def test_a_worker_that_dies_after_it_saved_the_result_does_not_enrich_again(
    queue: EnrichmentQueue, database: Database
) -> None:
    job_id = await aside(queue)
    await attempts.begin(database, job_id, 1, 1)
    await attempts.save(database, job_id, 1, {"paid": "once", "provider": "a model"})

    await release(database, job_id, "dispatched_at = NULL, checked_at = NULL")

    end = await end_of(queue, job_id)
    assert (end.status, end.result) == (JobStatus.COMPLETED, {"paid": "once", "provider": "a model"})


async def test_a_database_that_is_away_in_the_middle_of_a_job_costs_it_no_attempt(
    queue: EnrichmentQueue, infrastructure: Infrastructure
) -> None:
    job_id = await submit(queue, options=SLOW)
    async for _ in running(queue, job_id):
        break

    await infrastructure.postgres.stop()
    await asyncio.sleep(3)  # longer than what is left of the enrichment, so that its answer has to be held
    await infrastructure.postgres.start()

    end = await end_of(queue, job_id)
    assert (end.status, end.retry_count) == (JobStatus.COMPLETED, 0)
    assert await changes(queue, job_id) == ONCE


async def test_connections_that_the_server_cuts_cost_a_job_no_attempt(
    queue: EnrichmentQueue, infrastructure: Infrastructure, database: Database
) -> None:
    job_id = await submit(queue, options=SLOW)
    async for _ in running(queue, job_id):
        break

    cut = text("""
        SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND datname = current_database()
    """)
    assert (await database.execute(cut)).scalar_one() > 1

    end = await end_of(queue, job_id)
    assert (end.status, end.retry_count) == (JobStatus.COMPLETED, 0)


async def test_a_redis_that_loses_everything_in_the_middle_of_a_job_takes_no_progress_back(
    queue: EnrichmentQueue, settings: Settings
) -> None:
    redis = redis_client(settings)
    job_id = await submit(queue, options=SLOW)
    seen = []
    async for job in queue.watch(job_id):
        assert job.progress is not None
        if job.status is JobStatus.IN_PROGRESS and job.progress.seq:
            seen.append(job.progress)
            if len(seen) == 2:
                await redis.flushall()
    await redis.aclose()

    percentages = [progress.percentage for progress in seen]
    numbers = [progress.seq for progress in seen]
    assert len(seen) > 3
    assert percentages == sorted(percentages)
    assert numbers == sorted(set(numbers))


async def test_nothing_is_told_that_the_row_does_not_know(queue: EnrichmentQueue, database: Database) -> None:
    job_id = await submit(queue, options=SLOW)
    milestone = text("SELECT milestone FROM enrichment_job WHERE id = :id")
    told = set()
    async for job in running(queue, job_id):
        if job.progress is not None and job.progress.seq:
            told.add(job.progress.percentage)
            known = (await database.execute(milestone, {"id": job_id})).scalar_one()
            assert known >= job.progress.percentage

    assert len(told) > 3


async def test_what_was_shown_is_shown_by_the_next_process_too_though_redis_has_lost_it(
    queue: EnrichmentQueue, settings: Settings
) -> None:
    job_id = await submit(queue, options=Options(rehearse=Rehearsal(stage_ms=1500)))
    seen = 0
    async for job in running(queue, job_id):
        if job.progress is not None and job.progress.seq and job.progress.stage != "started":
            seen = job.progress.percentage
            break

    assert await shown_anew(settings, job_id) >= seen > 5, "5 is shown of a job of which nothing is known"
    await queue.cancel_job(job_id)
    assert await shown_anew(settings, job_id) >= seen


async def test_without_redis_jobs_run_and_readers_are_told(
    queue: EnrichmentQueue, infrastructure: Infrastructure
) -> None:
    await infrastructure.redis.stop()
    try:
        end = await end_of(queue, await submit(queue))
        health = await queue.check_health()
    finally:
        await infrastructure.redis.start()

    assert end.status is JobStatus.COMPLETED
    assert end.progress is not None
    assert (end.progress.degraded, end.progress.percentage) == (True, 100)
    assert (health.status, health.redis) == ("degraded", "down")


async def test_a_temporal_that_is_away_accepts_jobs_and_cancels_and_runs_what_is_left_afterwards(
    queue: EnrichmentQueue, infrastructure: Infrastructure
) -> None:
    await infrastructure.temporal.stop()
    try:
        kept, dropped = await submit(queue), await submit(queue)
        await queue.cancel_job(dropped)
        assert (await queue.check_health()).temporal == "down"
    finally:
        await infrastructure.temporal.start()

    assert (await end_of(queue, kept)).status is JobStatus.COMPLETED
    assert await changes(queue, dropped) == [JobStatus.PENDING, JobStatus.CANCELLED]


async def test_a_run_that_temporal_has_deleted_does_not_hinder_a_retry(queue: EnrichmentQueue, client: Client) -> None:
    job_id = await submit(queue, options=Options(rehearse=Rehearsal(fail_code="content_refused")))
    assert (await end_of(queue, job_id)).status is JobStatus.FAILED
    handle = temporal.handle(client, job_id, 1)
    execution = WorkflowExecution(workflow_id=handle.id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    await client.workflow_service.delete_workflow_execution(request)
    async with asyncio.timeout(90):  # the server takes its time: half a minute has been seen
        while await _exists(handle):
            await asyncio.sleep(0.1)

    await queue.retry_job(job_id)

    assert (await end_of(queue, job_id)).run == 2


async def test_a_cleanup_leaves_alone_what_is_being_retried(
    queue: EnrichmentQueue, database: Database, settings: Settings
) -> None:
    job_id = await aside(queue)
    await end_long_ago(database, job_id)
    async with uncommitted(settings, transitions._RETRY, id=job_id, tenant="default"):
        assert job_id not in await upkeep.delete_ended(database, timedelta(days=300))

    assert (await end_of(queue, job_id)).run == 2


async def test_a_cleanup_leaves_alone_a_bulk_of_which_a_child_is_being_retried(
    queue: EnrichmentQueue, database: Database, settings: Settings
) -> None:
    bulk_id = await aside(queue, type=JobType.BULK_CANDIDATE_ENRICHMENT, candidate_data=None, candidates=[{}])
    [child] = (await queue.list_jobs(queries.Filter(parent_id=bulk_id))).jobs
    await end_long_ago(database, bulk_id)
    await batches.cancel_open(database, bulk_id, 1)
    async with uncommitted(settings, transitions._RETRY, id=child.job_id, tenant="default"):
        assert bulk_id not in await upkeep.delete_ended(database, timedelta(days=300))

    assert (await end_of(queue, child.job_id)).run == 2
    assert bulk_id in await upkeep.delete_ended(database, timedelta(days=300))


async def test_a_retry_of_what_is_being_deleted_finds_nothing(
    queue: EnrichmentQueue, database: Database, settings: Settings
) -> None:
    job_id = await aside(queue)
    await end_long_ago(database, job_id)
    async with uncommitted(settings, upkeep._DELETE, ids=[job_id]):
        retrying = asyncio.create_task(transitions.retry(database, "default", job_id))
        blocked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%retry%'")
        async with asyncio.timeout(4):  # below the statement's own limit
            while not (await database.execute(blocked)).scalar_one():
                await asyncio.sleep(0.02)

    assert await retrying is None
    with pytest.raises(NotFound):
        await queue.get_job_status(job_id)


async def end_long_ago(database: Database, job_id: str) -> None:
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.CANCELLED))
    old = text("UPDATE enrichment_job SET completed_at = now() - interval '400 days' WHERE id = :id")
    await database.execute(old, {"id": job_id})


@asynccontextmanager
async def uncommitted(settings: Settings, statement: TextClause, **parameters: Any) -> AsyncIterator[None]:
    """The statement has run, and is committed when the block is over."""
    engine = create_async_engine(dsn(settings, "postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.execute(statement, parameters)
        yield
    await engine.dispose()


async def _exists(handle: Any) -> bool:
    try:
        await handle.describe()
    except RPCError:
        return False
    return True
