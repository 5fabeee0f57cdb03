"""Lanes: what a bulk's slot begins, what becomes of it when its worker dies, and that nobody waits behind a bulk."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities import lane
from activities.attempt import Attempts
from activities.endings import Endings
from activities.tally import Tally
from activities.turns import Turns
from enrichment.db import Database
from enrichment.enrichers.rules.enricher import RulesEnricher
from enrichment.ids import new_id
from enrichment.jobs import attempts, batches, intake, lanes, queries, transitions
from enrichment.jobs.intake import NewChild
from enrichment.jobs.lanes import Child, Lane, Turn
from enrichment.jobs.transitions import Outcome, RunEnding
from enrichment.models import JobStatus, JobType, Options, Rehearsal, Submission
from enrichment.runs import BulkRun, JobRun, LaneRun
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore
from tests.integration.bulks import counts
from tests.integration.test_store import RESULT, TENANT, a_job

COMPLETED = Outcome(JobStatus.COMPLETED, result=RESULT)


@pytest.fixture
async def bulk(database: Database) -> str:
    """A bulk of five that no worker of this session takes."""
    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={}, max_retries=1)

    async def children() -> AsyncIterator[NewChild]:
        for number in range(5):
            yield NewChild(new_id(), f"c{number}", "{}")

    await intake.accept_bulk(database, parent, intake.Bulk(JobType.SKILLS_OPTIMIZATION, 2), children(), lambda: None)
    return parent.id


async def turn(database: Database, in_lane: Lane, at_most: int = 9, ended: tuple[RunEnding, ...] = ()) -> list[str]:
    return [child.id for child in await begin(database, in_lane, at_most, ended)]


async def begin(database: Database, in_lane: Lane, at_most: int = 9, ended: tuple[RunEnding, ...] = ()) -> list[Child]:
    (children,) = await lanes.take_turns(database, in_lane.bulk, 1, [Turn(in_lane.number, at_most, ended)])
    return children


async def test_a_turn_ends_jobs_each_by_itself_and_begins_the_next_in_order(database: Database, bulk: str) -> None:
    first = await turn(database, Lane(bulk, 0), 2)
    await transitions.cancel(database, TENANT, first[1], "not this one")

    second = await turn(database, Lane(bulk, 0), 2, tuple(RunEnding(job_id, 1, COMPLETED) for job_id in first))

    assert sorted([*first, *second]) == [*first, *second]
    states = await queries.statuses(database, [*first, *second])
    assert [states[job_id] for job_id in (*first, *second)] == ["completed", "cancelled", "in_progress", "in_progress"]
    assert [event.to_status for event in await queries.events(database, TENANT, first[0])] == [
        "pending", "in_progress", "completed"
    ]  # fmt: skip
    again = tuple(RunEnding(job_id, 1, Outcome(JobStatus.FAILED, "internal", "late")) for job_id in first)
    await turn(database, Lane(bulk, 0), 0, again)
    assert len(await queries.events(database, TENANT, first[0])) == 3


async def test_two_lanes_never_begin_the_same_job(database: Database, bulk: str) -> None:
    both = await asyncio.gather(turn(database, Lane(bulk, 0), 3), turn(database, Lane(bulk, 1), 3))

    assert len({job_id for begun in both for job_id in begun}) == sum(map(len, both)) == 5


async def test_jobs_that_a_dead_worker_had_begun_together_run_again_one_by_one(database: Database, bulk: str) -> None:
    begun = await turn(database, Lane(bulk, 0), 3)

    await lanes.take_back(database, bulk, 1, 0)

    for _ in begun:
        (child,) = await begin(database, Lane(bulk, 1), 9)
        assert child.id in begun
        assert child.attempt == 1


async def test_the_job_that_kills_its_worker_uses_up_its_own_attempts_and_nobody_elses(
    database: Database, bulk: str
) -> None:
    (poison,) = await turn(database, Lane(bulk, 0), 1)
    attempts = []
    for _ in range(2):
        await lanes.take_back(database, bulk, 1, 0)
        (child,) = await begin(database, Lane(bulk, 0), 9)
        assert child.id == poison
        attempts.append((child.attempt, child.work.max_retries))
    assert attempts == [(2, 1), (3, 1)]  # the second of them is one too many: it fails without being run

    await turn(database, Lane(bulk, 0), 0, (RunEnding(poison, 1, Outcome(JobStatus.FAILED, "internal", "x")),))
    others = await begin(database, Lane(bulk, 0), 9)
    assert [child.attempt for child in others] == [1] * 4


async def test_what_was_begun_and_given_back_counts_no_attempt(database: Database, bulk: str) -> None:
    begun = await begin(database, Lane(bulk, 0), 2)

    await lanes.give_back(database, Lane(bulk, 0), begun[1:])

    (again,) = await begin(database, Lane(bulk, 1), 9)
    assert (again.id, again.attempt) == (begun[1].id, 1)


async def test_a_retry_is_waited_for_by_the_clock_of_the_database_alone(database: Database, bulk: str) -> None:
    failed, put_off = await turn(database, Lane(bulk, 0), 2)
    assert await lanes.next_retry_in(database, bulk) is None

    day, hour = timedelta(days=1), timedelta(hours=1)
    await attempts.fail_attempt(
        database, failed, 1, error_code="provider_timeout", error="It did not answer", retry_in=day, milestone=0
    )
    until = await attempts.postpone(database, put_off, 1, "Waiting for the provider", hour, milestone=0)

    wait = await lanes.next_retry_in(database, bulk)
    assert wait is not None
    assert timedelta() < wait < hour, "less than was asked for, by that clock"
    (shown,) = await queries.get_all(database, TENANT, [put_off])
    assert shown.retry_at == until


async def test_a_lane_of_the_run_before_begins_nothing_and_takes_nothing_back(database: Database, bulk: str) -> None:
    """It has not yet heard of the cancel, and the bulk was retried."""
    await transitions.cancel(database, TENANT, bulk, "enough")
    await batches.cancel_open(database, bulk, 1)
    await transitions.retry(database, TENANT, bulk)
    await batches.reopen(database, bulk, 2)

    assert await lanes.take_turns(database, bulk, 1, [Turn(0, 9)]) == [[]]
    (begun,) = await lanes.take_turns(database, bulk, 2, [Turn(0, 9)])
    assert len(begun) == 5
    assert await lanes.take_back(database, bulk, 1, 0) == 0
    assert await lanes.take_back(database, bulk, 2, 0) == 5


async def test_a_lane_whose_worker_stops_between_two_turns_writes_what_has_ended(
    database: Database, settings: Settings, bulk: str
) -> None:
    is_between = asyncio.Event()

    class Counting(Tally):
        async def pass_by(self, bulk: JobRun, ended: int, failed: int) -> bool:
            is_between.set()
            return await asyncio.Future[bool]()  # another lane counts

    progress = ProgressStore.connect(settings)
    attempts, endings = Attempts(database, RulesEnricher(), progress), Endings(database, progress)
    given = LaneRun(bulk=BulkRun(job_id=bulk, run=1, tenant=TENANT, priority_key=1, max_retries=1), lane=0, at_once=9)
    one = lane.Lane(database, attempts, endings, Turns(database), Counting(database, progress), given)
    environment = ActivityEnvironment()
    running = asyncio.ensure_future(environment.run(one.run))
    async with asyncio.timeout(20):
        await is_between.wait()
    environment.worker_shutdown()
    environment.cancel()
    await asyncio.wait({running})

    assert running.cancelled()
    assert await counts(database, bulk) == {JobStatus.COMPLETED: 1, JobStatus.PENDING: 4}
    await progress.close()


@pytest.mark.usefixtures("worker")
async def test_what_an_attempt_that_was_given_up_has_begun_is_run_all_the_same(
    queue: EnrichmentQueue, database: Database
) -> None:
    options = Options(type=JobType.SKILLS_OPTIMIZATION, rehearse=Rehearsal(stage_ms=300))
    kind, candidates = JobType.BULK_CANDIDATE_ENRICHMENT, [{"n": n} for n in range(4)]
    bulk = (await queue.add_job(Submission(type=kind, candidates=candidates, priority="low", options=options))).id
    async for job in queue.watch(bulk):
        if job.status is JobStatus.IN_PROGRESS:
            break

    assert await turn(database, Lane(bulk, 0), 1)

    async with asyncio.timeout(60):
        end = [job async for job in queue.watch(bulk)][-1]
    assert end.result is not None
    assert end.result["completed"] == len(candidates)


@pytest.mark.usefixtures("worker")
async def test_a_single_job_begins_while_a_bulk_runs_in_the_only_slot(
    queue: EnrichmentQueue, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "TIME_SLICE", timedelta(milliseconds=200))
    slow = Options(type=JobType.SKILLS_OPTIMIZATION, rehearse=Rehearsal(stage_ms=20))
    kind = JobType.BULK_CANDIDATE_ENRICHMENT
    bulk = (
        await queue.add_job(
            Submission(type=kind, candidates=[{"n": n} for n in range(500)], priority="low", options=slow)
        )
    ).id
    async for job in queue.watch(bulk):
        if job.status is JobStatus.IN_PROGRESS:
            break

    single = Submission(type=JobType.SKILLS_OPTIMIZATION, candidate_data={}, priority="low")
    job_id = (await queue.add_job(single)).id
    async with asyncio.timeout(60):
        assert [job async for job in queue.watch(job_id)][-1].status is JobStatus.COMPLETED
    waiting = await counts(database, bulk)
    await queue.cancel_job(bulk)

    begun_meanwhile = text("""
        SELECT count(*) FROM enrichment_event AS event JOIN enrichment_job AS job ON job.id = event.job_id
        WHERE job.parent_id = :bulk AND event.to_status = 'in_progress'
          AND event.id > (SELECT min(id) FROM enrichment_event WHERE job_id = :single)
          AND event.id < (SELECT min(id) FROM enrichment_event WHERE job_id = :single AND to_status = 'in_progress')
    """)
    meanwhile = (await database.execute(begun_meanwhile, {"bulk": bulk, "single": job_id})).scalar_one()
    assert waiting[JobStatus.PENDING] > 0
    assert meanwhile < 100  # of 500: a slice or two
