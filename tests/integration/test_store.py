"""The schema, and the guarded transitions on it."""

import asyncio
import base64
import os
import sys
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from activities.attempt import Attempt, Attempts
from enrichment import migrations
from enrichment.audit import entries
from enrichment.db import Database, dsn
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.enrichers.rules.enricher import RulesEnricher
from enrichment.errors import Internal, InvalidInput
from enrichment.ids import new_id
from enrichment.jobs import attempts, batches, intake, lanes, outbox, queries, transitions, upkeep
from enrichment.jobs.intake import Accepted, NewChild, NewJob
from enrichment.jobs.lanes import Turn
from enrichment.jobs.transitions import Outcome
from enrichment.models import JSON, JobStatus, JobType, Submission
from enrichment.service import EnrichmentQueue, steering
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore
from enrichment.tables import Base
from tests.integration.bulks import counts

TENANT = "store-tests"
RESULT: JSON = {"provider": "rules", "model": "rules-1", "usage": {"inputTokens": 3, "outputTokens": 4, "costUsd": 0.5}}


def a_job(**changes: Any) -> NewJob:
    """A job that no worker of this session takes: it is due in a year and, retried at once, nobody serves its queue."""
    values: dict[str, Any] = {
        "id": new_id(),
        "tenant": TENANT,
        "type": JobType.SKILLS_OPTIMIZATION,
        "priority": 5,
        "queue": "enrichment-tests",
        "max_retries": 3,
        "payload": {"basics": {"name": "Ada"}},
        "options": {"asOf": "2026-11-23"},
        "run_at": datetime.now(UTC) + timedelta(days=365),
    }
    return NewJob(**{**values, **changes})


async def stored(database: Database, **changes: Any) -> Accepted:
    [accepted] = await intake.accept_all(database, [a_job(**changes)])
    assert accepted is not None
    return accepted


@pytest.fixture
async def job_id(database: Database) -> str:
    return (await stored(database)).id


async def status(database: Database, job_id: str) -> JobStatus:
    return (await queries.statuses(database, [job_id]))[job_id]


async def history(database: Database, job_id: str) -> list[tuple[int, str | None, str]]:
    return [(event.run, event.from_status, event.to_status) for event in await queries.events(database, TENANT, job_id)]


@pytest.fixture
async def empty_database(infrastructure: Infrastructure, settings: Settings) -> AsyncIterator[Settings]:
    """A database of its own beside the others', so that its schema can be taken down."""
    name = f"migrations_{uuid4().hex}"
    superuser = await asyncpg.connect(infrastructure.superuser_database_url)
    await superuser.execute(f"CREATE DATABASE {name} OWNER enrichment")
    url = make_url(dsn(settings)).set(database=name).render_as_string(hide_password=False)
    yield settings.model_copy(update={"database_url": SecretStr(url)})
    await superuser.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await superuser.close()


async def test_the_migrations_go_up_and_down_and_up_again(empty_database: Settings) -> None:
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"
    functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
    every_table = 1 + len(Base.metadata.tables)
    for direction, arguments, left in (
        (migrations.upgrade, (), every_table),
        (migrations.downgrade, ("base",), 1),
        (migrations.upgrade, (), every_table),
    ):
        await asyncio.to_thread(direction, empty_database, *arguments)
        connection = await asyncpg.connect(dsn(empty_database))
        assert await connection.fetchval(tables) == left
        assert (await connection.fetchval(functions) > 0) == (left > 1)
        await connection.close()


async def test_two_processes_may_migrate_at_once(empty_database: Settings) -> None:
    url = empty_database.database_url.get_secret_value()
    command = (sys.executable, "-P", "-m", "enrichment", "migrate")
    both = [await asyncio.create_subprocess_exec(*command, env={**os.environ, "DATABASE_URL": url}) for _ in range(2)]
    assert [await process.wait() for process in both] == [0, 0]


async def test_the_tables_in_the_code_are_those_of_the_migrations(settings: Settings) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    engine = create_async_engine(dsn(settings, "postgresql+asyncpg"))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_run_goes_from_pending_to_completed_and_stays_there(database: Database, job_id: str) -> None:
    work = await attempts.begin(database, job_id, run=1, attempt=1)
    assert work is not None
    assert (work.payload, work.has_result) == ({"basics": {"name": "Ada"}}, False)
    assert await attempts.save(database, job_id, 1, RESULT)
    assert (await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED))) is not None

    assert await transitions.finish(database, job_id, 1, Outcome(JobStatus.FAILED, "internal", "late")) is None
    assert await transitions.cancel(database, TENANT, job_id, "late") is None
    assert await attempts.begin(database, job_id, run=1, attempt=2) is None
    assert not await attempts.save(database, job_id, 1, {"late": True})
    job = await queries.get(database, TENANT, job_id)
    assert job is not None
    assert (job.status, job.result, job.provider) == (JobStatus.COMPLETED, RESULT, "rules")
    assert await history(database, job_id) == [
        (1, None, "pending"),
        (1, "pending", "in_progress"),
        (1, "in_progress", "in_progress"),  # enriched
        (1, "in_progress", "completed"),
    ]


async def test_a_result_is_shown_only_once_the_job_is_completed(database: Database, job_id: str) -> None:
    await attempts.begin(database, job_id, 1, 1)
    await attempts.save(database, job_id, 1, RESULT)

    job = await queries.get(database, TENANT, job_id)
    assert job is not None
    assert job.result is None


async def test_of_a_cancel_and_a_completion_at_once_exactly_one_wins(database: Database) -> None:
    for _ in range(20):
        job_id = (await stored(database)).id
        await attempts.begin(database, job_id, 1, 1)
        cancelled, completed = await asyncio.gather(
            transitions.cancel(database, TENANT, job_id, "stop"),
            transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result=RESULT)),
        )
        assert (cancelled is None) != (completed is None)
        won = JobStatus.CANCELLED if cancelled else JobStatus.COMPLETED
        assert await status(database, job_id) is won
        assert len(await history(database, job_id)) == 3


async def test_an_attempt_that_nobody_heard_of_any_more_is_told_of_by_the_next(database: Database, job_id: str) -> None:
    await attempts.begin(database, job_id, 1, 1)
    await fail(database, job_id)
    after_a_failure = await attempts.begin(database, job_id, 1, 2)
    after_a_stop = await attempts.begin(database, job_id, 1, 2)
    after_a_loss = await attempts.begin(database, job_id, 1, 3)
    await attempts.postpone(database, job_id, 1, "waits", timedelta(seconds=1), milestone=5)
    after_a_wait = await attempts.begin(database, job_id, 1, 3)

    begun = (after_a_failure, after_a_stop, after_a_loss, after_a_wait)
    assert [work and work.lost for work in begun] == [None, None, 2, None]
    told = [event.reason for event in await queries.events(database, TENANT, job_id)]
    assert told == [None, None, "provider_timeout", None, None, "attempt 2 was not heard of any more", None]


async def test_a_lost_attempt_is_logged_by_the_one_that_follows_it(
    settings: Settings, database: Database, job_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    progress = ProgressStore.connect(settings)
    begun = Attempts(database, RulesEnricher(), progress)
    for number in (1, 2):
        await begun.begin(Attempt(job_id, run=1, number=number, max_retries=3))

    (line,) = [record for record in caplog.records if vars(record).get("event") == "attempt_lost"]
    assert vars(line)["fields"] == {"job_id": job_id, "run": 1, "attempt": 1}
    await progress.close()


async def fail(database: Database, job_id: str) -> None:
    await attempts.fail_attempt(
        database,
        job_id,
        1,
        error_code="provider_timeout",
        error="no answer",
        retry_in=timedelta(seconds=1),
        milestone=5,
    )


async def test_a_retry_is_the_next_run_and_the_old_run_cannot_touch_it(database: Database, job_id: str) -> None:
    await attempts.begin(database, job_id, 1, 1)
    await attempts.begin(database, job_id, 1, 2)
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.FAILED, "provider_timeout", "no answer"))

    retried = await transitions.retry(database, TENANT, job_id)

    assert retried is not None
    assert retried.run == 2
    assert await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result=RESULT)) is None
    assert await attempts.begin(database, job_id, 2, 1) is not None
    job = await queries.get(database, TENANT, job_id)
    assert job is not None
    assert (job.run, job.retry_count, job.error) == (2, 2, None)
    assert await transitions.retry(database, TENANT, job_id) is None


async def test_the_audit_of_a_run_that_failed_names_no_model_of_the_run_before(database: Database, job_id: str) -> None:
    await attempts.begin(database, job_id, 1, 1)
    await attempts.save(database, job_id, 1, RESULT)
    for run in (1, 2):
        await transitions.finish(database, job_id, run, Outcome(JobStatus.FAILED, "internal", "no document"))
        await transitions.retry(database, TENANT, job_id)
        await attempts.begin(database, job_id, run + 1, 1)

    acts = await entries.of_job(database, TENANT, job_id)

    assert [(act.run, act.provider, act.model) for act in acts] == [(1, "rules", "rules-1"), (2, None, None)]


async def test_another_tenant_sees_and_changes_nothing(database: Database, job_id: str) -> None:
    assert await queries.get(database, "another", job_id) is None
    assert await transitions.cancel(database, "another", job_id, "mine now") is None
    assert await status(database, job_id) is JobStatus.PENDING


async def test_the_same_key_is_accepted_once_also_at_the_same_time(database: Database) -> None:
    key = uuid4().hex
    accepted = await asyncio.gather(*(stored(database, idempotency_key=key, request_hash="h") for _ in range(8)))
    assert len({one.id for one in accepted}) == 1
    assert sum(one.is_new for one in accepted) == 1


async def test_nobody_waits_for_a_bulk_that_comes_in_slowly_under_the_same_key(database: Database) -> None:
    key, comes, came = uuid4().hex, asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[NewChild]:
        came.set()
        await comes.wait()
        yield NewChild(new_id(), None, "{}")

    async def never() -> AsyncIterator[NewChild]:
        yield NewChild(new_id(), None, "not JSON")

    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={}, idempotency_key=key)
    bulk = intake.Bulk(JobType.SKILLS_OPTIMIZATION, batch_size=2)
    coming = asyncio.create_task(intake.accept_bulk(database, parent, bulk, slowly(), lambda: "h"))
    await came.wait()

    other, mine = a_job(), a_job(idempotency_key=key)
    assert [one and one.id for one in await intake.accept_all(database, [other, mine])] == [other.id, None]
    assert await intake.accept_bulk(database, replace(parent, id=new_id()), bulk, never(), lambda: "h") is None

    comes.set()
    accepted = await coming
    assert accepted is not None
    assert (await stored(database, idempotency_key=key)).id == accepted.id == parent.id


@pytest.mark.parametrize(
    "change",
    [
        "status = 'completed'",
        "status = 'completed', completed_at = now()",
        "status = 'failed', completed_at = now()",
        "completed_at = now()",
        "status = 'paused'",
        "retry_count = -1",
    ],
)
async def test_the_database_itself_refuses_a_state_that_makes_no_sense(
    database: Database, job_id: str, change: str
) -> None:
    with pytest.raises(Internal, match="23514"):
        await database.execute(text(f"UPDATE enrichment_job SET {change} WHERE id = :id"), {"id": job_id})


@pytest.mark.parametrize(
    ("statement", "value", "said"),
    [
        ("SELECT CAST(:value AS integer)", "Canary", "(Error 22000)"),
        ("SELECT CAST(CAST(:value AS text) AS integer)", "Canary", "(Error 22P02)"),
        ("SELECT CAST(CAST(:value AS text) AS jsonb)", '{"Canary": ', "(Error 22P02)"),
        ("INSERT INTO enrichment_secret (name, key) VALUES (:value, NULL)", "Canary", "(NotNullViolationError 23502)"),
    ],
)
async def test_the_databases_error_is_told_as_its_class_and_state_alone(
    database: Database, statement: str, value: str, said: str
) -> None:
    with pytest.raises((InvalidInput, Internal)) as refused:
        await database.execute(text(statement), {"value": value})
    assert said in str(refused.value)
    assert "Canary" not in "".join(traceback.format_exception(refused.value))


async def test_a_claim_is_taken_once_and_comes_free_again(database: Database) -> None:
    queue = f"enrichment-{uuid4().hex}"
    ids = [(await stored(database, queue=queue, run_at=None, priority=p)).id for p in (5, 9, 7)]

    claims = await asyncio.gather(*(outbox.claim(database, [queue], 2) for _ in range(2)))

    assert sorted(job.id for claim in claims for job in claim) == sorted(ids)
    first = next(claim for claim in claims if claim)
    assert [job.priority for job in first] == sorted((job.priority for job in first), reverse=True)
    await outbox.give_back(database, first)
    assert {job.id for job in await outbox.claim(database, [queue], 10)} == {job.id for job in first}
    await outbox.mark_dispatched(database, first)
    await outbox.give_back(database, first)
    assert await outbox.claim(database, [queue], 10) == []


async def test_a_job_that_is_due_later_is_not_dispatched_before(database: Database) -> None:
    queue = f"enrichment-{uuid4().hex}"
    later = datetime.now(UTC) + timedelta(hours=1)
    await stored(database, queue=queue, run_at=later)
    due = (await stored(database, queue=queue, run_at=datetime.now(UTC) - timedelta(seconds=1))).id

    assert [job.id for job in await outbox.claim(database, [queue], 10)] == [due]


async def test_whether_something_of_a_queue_has_begun(database: Database) -> None:
    queue = f"enrichment-{uuid4().hex}"
    job_id = (await stored(database, queue=queue)).id

    told = [await outbox.has_begun(database, [queue])]
    await attempts.begin(database, job_id, 1, 1)
    told.append(await outbox.has_begun(database, [queue]))
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result=RESULT))
    told.append(await outbox.has_begun(database, [queue]))

    assert told == [False, True, False]


async def half_ended(database: Database) -> list[upkeep.OpenRow]:
    """As the sweeper will see it."""
    aged = text("""
        UPDATE enrichment_job SET completed_at = completed_at - interval '6 seconds'
        WHERE tenant = :tenant AND parent_id IS NULL AND completed_at > now() - interval '6 seconds'
    """)
    await database.execute(aged, {"tenant": TENANT})
    return await upkeep.half_ended(database, 200)


async def accept(database: Database, parent: NewJob, children: list[NewChild]) -> None:
    async def each() -> AsyncIterator[NewChild]:
        for child in children:
            yield child

    bulk = intake.Bulk(JobType.SKILLS_OPTIMIZATION, batch_size=2)
    await intake.accept_bulk(database, parent, bulk, each(), lambda: None)


async def test_as_many_sealed_bulks_at_once_as_there_are_connections_do_not_wait_for_each_other(
    settings: Settings,
) -> None:
    master = SecretStr(f"m1:{base64.b64encode(b'm' * 32).decode()}")
    bulks = [
        Submission(
            type=JobType.BULK_CANDIDATE_ENRICHMENT,
            candidates=[{"candidateId": f"sealed-{new_id()}", "skills": [{"name": "SQL"}]} for _ in range(3)],
            run_at=datetime.now(UTC) + timedelta(days=365),
        )
        for _ in range(10)
    ]
    async with await EnrichmentQueue.connect(settings.model_copy(update={"master_keys": master})) as queue:
        ours = queue.for_tenant(f"tenant-{new_id()}")

        async def accept_all() -> list[Accepted]:
            return await asyncio.gather(
                *(ours.add_job(bulk, idempotency_key=f"bulk-{n}") for n, bulk in enumerate(bulks))
            )

        first, again = await accept_all(), await accept_all()

    assert [one.is_new for one in first + again] == [True] * 10 + [False] * 10
    assert [one.id for one in first] == [one.id for one in again]


async def test_a_bulk_is_cancelled_and_retried_with_its_children(database: Database) -> None:
    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={"total": 4, "batches": 2})
    children = [NewChild(new_id(), f"c{n}", "{}") for n in range(4)]
    await accept(database, parent, children)
    first = children[0].id
    await attempts.begin(database, first, 1, 1)
    await transitions.finish(database, first, 1, Outcome(JobStatus.COMPLETED, result=RESULT))

    assert await transitions.cancel(database, TENANT, parent.id, "enough") is not None
    assert await lanes.take_turns(database, parent.id, 1, [Turn(0, 9)]) == [[]]
    assert parent.id in {bulk.id for bulk in await half_ended(database)}
    await batches.fail_open(database, parent.id, 1)  # as its workflow does, which has not heard of it
    await batches.cancel_open(database, parent.id, 1)

    assert parent.id not in {bulk.id for bulk in await half_ended(database)}
    counted = await counts(database, parent.id)
    assert (counted[JobStatus.COMPLETED], counted[JobStatus.CANCELLED]) == (1, 3)
    assert await transitions.retry(database, TENANT, parent.id) is not None
    await batches.cancel_open(database, parent.id, 1)  # who was late with it ends nothing of the next run
    await batches.reopen(database, parent.id, 2)
    counted = await counts(database, parent.id)
    assert (counted[JobStatus.COMPLETED], counted[JobStatus.PENDING]) == (1, 3)
    (begun,) = await lanes.take_turns(database, parent.id, 2, [Turn(0, 9)])
    assert [(child.id, child.run, child.attempt) for child in begun] == [(one.id, 2, 1) for one in children[1:]]


async def test_who_is_ahead_in_line_is_told_by_the_priority_and_then_by_the_age(database: Database) -> None:
    queue = f"enrichment-{new_id()}"  # which nobody serves

    async def single(priority: int, **changes: Any) -> str:
        return (await stored(database, queue=queue, priority=priority, **{"run_at": None, **changes})).id

    async def bulk(count: int, **changes: Any) -> list[str]:
        shared = {"type": JobType.BULK_CANDIDATE_ENRICHMENT, "queue": queue, "priority": 2, "run_at": None, **changes}
        children = [NewChild(new_id(), None, "{}") for _ in range(count)]
        await accept(database, a_job(**shared), children)
        return [child.id for child in children]

    async def ahead(job_id: str, at_most: int = 100) -> int:
        job = await queries.get(database, TENANT, job_id)
        assert job is not None
        return await queries.ahead(database, TENANT, job, at_most=at_most)

    low = [await single(1) for _ in range(3)]
    running = await bulk(4)
    await bulk(5, run_at=datetime.now(UTC) + timedelta(days=1))
    canaries = await bulk(6, options={"canary": 2})
    await single(2, run_at=datetime.now(UTC) + timedelta(days=1))
    middle = await single(2)
    high = await single(4)

    assert [await ahead(job_id) for job_id in low] == [8, 9, 10]
    assert [await ahead(job_id) for job_id in (running[0], running[3], canaries[1], middle, high)] == [1, 4, 6, 7, 0]
    assert await ahead(low[2], at_most=5) == 5


async def test_one_job_of_a_cancelled_bulk_that_somebody_holds_is_asked_about_ever_less_often(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={"total": 2, "batches": 1})
    children = [NewChild(new_id(), None, "{}") for _ in range(2)]
    await accept(database, parent, children)
    await transitions.cancel(database, TENANT, parent.id, "enough")
    pauses, was_long, ending = list[float](), asyncio.Event(), None

    async def sleep(seconds: float) -> None:
        if asyncio.current_task() is not ending:  # the sweeper of this session's worker has found the bulk too
            await asyncio.sleep(seconds)
            return
        pauses.append(seconds)
        if len(pauses) == 7:
            was_long.set()
            await let_go.wait()

    let_go = asyncio.Event()
    monkeypatch.setattr(batches, "asyncio", SimpleNamespace(sleep=sleep))
    async with asyncio.timeout(30), database.transaction() as connection:
        await connection.execute(text("SELECT FROM enrichment_job WHERE id = :id FOR UPDATE"), {"id": children[0].id})
        ending = asyncio.create_task(batches.cancel_open(database, parent.id, 1))
        await was_long.wait()
    let_go.set()
    await ending

    assert pauses[:7] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert (await counts(database, parent.id))[JobStatus.CANCELLED] == 2


async def test_a_process_stops_though_somebody_holds_a_job_of_a_bulk_that_it_cancels(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "CANCEL_TIMEOUT_S", 0.1)
    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={"total": 1, "batches": 1})
    child = NewChild(new_id(), None, "{}")
    await accept(database, parent, [child])
    stopping = await EnrichmentQueue.connect(settings)
    async with asyncio.timeout(30), database.transaction() as connection:
        await connection.execute(text("SELECT FROM enrichment_job WHERE id = :id FOR UPDATE"), {"id": child.id})
        assert (await stopping.for_tenant(TENANT).cancel_job(parent.id)).status is JobStatus.CANCELLED
        await stopping.close()
        assert (await queries.statuses(database, [child.id]))[child.id] == "pending", "the sweeper ends it"


async def test_a_child_is_not_retried_alone_while_its_bulk_runs(database: Database) -> None:
    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={"total": 1, "batches": 1})
    child = NewChild(new_id(), None, "{}")
    await accept(database, parent, [child])
    await transitions.cancel(database, TENANT, child.id, "not this one")

    assert await transitions.retry(database, TENANT, child.id) is None

    await transitions.cancel(database, TENANT, parent.id, "enough")
    assert await transitions.retry(database, TENANT, child.id) is not None


async def test_a_child_that_is_cancelled_in_the_bulks_next_run_stays_so(database: Database) -> None:
    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={"total": 2, "batches": 1})
    children = [NewChild(new_id(), None, "{}") for _ in range(2)]
    await accept(database, parent, children)
    await transitions.cancel(database, TENANT, parent.id, "enough")
    await batches.cancel_open(database, parent.id, 1)
    await transitions.retry(database, TENANT, parent.id)
    await batches.reopen(database, parent.id, 2)
    await transitions.cancel(database, TENANT, children[0].id, "not this one")

    await batches.reopen(database, parent.id, 2)  # as its workflow does when it goes on as a new run

    states = await queries.statuses(database, [child.id for child in children])
    assert [states[child.id] for child in children] == ["cancelled", "pending"]


async def stopped(database: Database) -> tuple[str, str]:
    """A bulk that has failed, and of its two children the one that was retried alone since."""
    parent = a_job(type=JobType.BULK_CANDIDATE_ENRICHMENT, payload={"total": 2, "batches": 1})
    children = [NewChild(new_id(), None, "{}") for _ in range(2)]
    await accept(database, parent, children)
    await attempts.begin(database, parent.id, 1, 1)
    await batches.fail_open(database, parent.id, 1)
    await transitions.finish(database, parent.id, 1, Outcome(JobStatus.FAILED, "internal", "All failed"))
    assert await transitions.retry(database, TENANT, children[0].id) is not None
    return parent.id, children[0].id


async def test_a_child_that_was_retried_alone_is_not_ended_with_its_bulk(database: Database) -> None:
    bulk, child = await stopped(database)

    assert bulk not in {half.id for half in await half_ended(database)}
    await batches.cancel_open(database, bulk, 1)

    assert (await queries.statuses(database, [child]))[child] == "pending"


async def test_a_cleanup_deletes_no_bulk_of_which_a_child_was_retried_since_it_looked(database: Database) -> None:
    bulk, child = await stopped(database)

    assert (await database.execute(upkeep._DELETE, {"ids": [bulk]})).all() == []

    assert (await queries.statuses(database, [child]))[child] == "pending"


async def test_the_counts_kept_by_triggers_are_those_of_the_rows(database: Database, job_id: str) -> None:
    await attempts.begin(database, job_id, 1, 1)
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.FAILED, "internal", "x"))
    another = (await stored(database)).id
    await database.execute(text("DELETE FROM enrichment_job WHERE id = :id"), {"id": another})

    # In one statement, for the worker of the session has work of this tenant too.
    different = await database.execute(
        text("""
            WITH kept AS (
                SELECT type, status, error_code, sum(jobs) AS jobs FROM enrichment_job_count WHERE tenant = :tenant
                GROUP BY 1, 2, 3 HAVING sum(jobs) <> 0
            ), counted AS (
                SELECT type, status, CASE status WHEN 'failed' THEN error_code ELSE '' END AS error_code,
                       count(*) AS jobs
                FROM enrichment_job WHERE tenant = :tenant GROUP BY 1, 2, 3
            )
            SELECT * FROM kept FULL JOIN counted USING (type, status, error_code, jobs)
            WHERE kept.type IS NULL OR counted.type IS NULL
        """),
        {"tenant": TENANT},
    )
    assert different.all() == []


async def test_a_cleanup_deletes_what_is_old_and_keeps_the_newest(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "KEEP_COMPLETED", 0)
    monkeypatch.setattr(upkeep, "KEEP_FAILED", 1)
    old, young, failed = [(await stored(database, tenant=f"old-{uuid4().hex}")).id for _ in range(3)]
    for job_id, outcome in (
        (old, Outcome(JobStatus.COMPLETED, result=RESULT)),
        (young, Outcome(JobStatus.COMPLETED, result=RESULT)),
        (failed, Outcome(JobStatus.FAILED, "internal", "x")),
    ):
        await attempts.begin(database, job_id, 1, 1)
        await transitions.finish(database, job_id, 1, outcome)
    await database.execute(
        text("UPDATE enrichment_job SET completed_at = now() - interval '40 days' WHERE id = :id"), {"id": old}
    )

    deleted = await upkeep.delete_ended(database, timedelta(days=30))

    assert deleted == [old]
    assert set(await queries.statuses(database, [old, young, failed])) == {young, failed}
    left = await database.execute(text("SELECT count(*) FROM enrichment_event WHERE job_id = :id"), {"id": old})
    assert left.scalar_one() == 0
