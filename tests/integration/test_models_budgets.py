"""A day's budget that is used up, from end to end: jobs wait for the next day, or fail, as the settings say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Self

import pytest

from enrichment.enrichers.llm import billing
from enrichment.jobs.queries import Filter
from enrichment.models import Job, JobStatus, JobType, WaitReason
from enrichment.settings import Settings
from enrichment.spending import budgets
from enrichment.spending.budgets import Budget, Reservation
from enrichment.spending.ledger import Call, Spender, settle
from tests.integration.models import Models, candidate, stack
from worker.run import running

DAY_USD = Decimal(1)


class Clock(datetime):
    """The time of day of the budgets. It stands still where a test has put it."""

    at: datetime

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(cls.at.timestamp(), tz)


@pytest.fixture(scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Models]:
    directory = tmp_path_factory.mktemp("budgets")
    async with stack(directory, has_worker=False, budget_tenant_day_usd=float(DAY_USD)) as started:
        yield started


@pytest.fixture
def put_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    for module in (billing, budgets):
        monkeypatch.setattr(module, "datetime", Clock)
    return lambda at: monkeypatch.setattr(Clock, "at", at, raising=False)


def exhausted(models: Models, then: str) -> Settings:
    return models.settings.model_copy(update={"budget_exhausted": then})


async def use_up(models: Models, day: datetime) -> None:
    """Other calls have cost all that the tenant may spend on this day."""
    tenant = models.queue.tenant
    reservation = Reservation((Budget.of_day(tenant, day, DAY_USD),))
    await budgets.reserve(models.database, reservation, DAY_USD)
    call = Call("openai", "gpt-4o-mini", cost_usd=DAY_USD)
    await settle(models.database, Spender(tenant, "gone", 1, 1), call, reservation)


async def test_a_job_waits_for_the_next_days_budget_and_no_attempt_counts(
    models: Models, put_clock: Callable[[datetime], None]
) -> None:
    midnight = datetime(2031, 5, 5, tzinfo=UTC)
    today = midnight - timedelta(seconds=3)
    put_clock(today)
    await use_up(models, today)
    mark, token = models.provider.mark("good")

    async def waiting(job_id: str) -> Job:
        async for job in models.queue.watch(job_id):
            if job.retry_at is not None:
                return (await models.queue.explain([job]))[0]
        raise AssertionError("it ended")

    async with running(exhausted(models, "wait")), asyncio.timeout(60):
        job_id = await models.submit(candidate(mark))
        job = await waiting(job_id)
        assert (job.status, job.error_code, job.retry_count) == (JobStatus.IN_PROGRESS, None, 0)
        assert job.waiting is not None
        assert (job.waiting.reason, job.waiting.until) == (WaitReason.BUDGET, job.retry_at)
        assert job.waiting.message == f"Waiting for the next day's budget until {job.retry_at:%H:%M} UTC"
        assert models.provider.seen[token].count == 0

        put_clock(midnight)
        job = await models.ended(job_id)

    assert (job.status, job.provider, job.retry_count) == (JobStatus.COMPLETED, "openai", 0)
    assert models.provider.seen[token].count == 1


async def test_a_worker_that_starts_with_a_higher_budget_wakes_those_who_wait_for_the_next_day(
    models: Models, put_clock: Callable[[datetime], None]
) -> None:
    today = datetime(2031, 5, 20, 12, tzinfo=UTC)
    put_clock(today)
    await use_up(models, today)
    people = [candidate(models.provider.mark("good")[0]) for _ in range(3)]

    async def waiting(job_id: str) -> None:
        async for job in models.queue.watch(job_id):
            if job.retry_at is not None:
                return
        raise AssertionError("it ended")

    async with running(exhausted(models, "wait")), asyncio.timeout(60):
        single = await models.submit(people[0])
        bulk = await models.submit(
            {}, type=JobType.BULK_CANDIDATE_ENRICHMENT, candidate_data=None, candidates=people[1:]
        )
        child = (await models.queue.list_jobs(Filter(parent_id=bulk))).jobs[0]
        for job_id in (single, child.job_id):
            await waiting(job_id)

    raised = exhausted(models, "wait").model_copy(update={"budget_tenant_day_usd": 2 * float(DAY_USD)})
    async with running(raised), asyncio.timeout(60):
        ended = await asyncio.gather(models.ended(single), models.ended(bulk))
    children = (await models.queue.list_jobs(Filter(parent_id=bulk))).jobs

    assert {job.status for job in (*ended, *children)} == {JobStatus.COMPLETED}
    assert {(job.provider, job.retry_count) for job in (ended[0], *children)} == {("openai", 0)}


async def test_a_job_fails_where_the_settings_say_so(models: Models, put_clock: Callable[[datetime], None]) -> None:
    today = datetime(2031, 6, 1, 12, tzinfo=UTC)
    put_clock(today)
    await use_up(models, today)
    mark, token = models.provider.mark("good")

    async with running(exhausted(models, "fail")), asyncio.timeout(60):
        job = await models.ended(await models.submit(candidate(mark)))

    assert (job.status, job.error_code, job.retry_count) == (JobStatus.FAILED, "budget_exceeded", 0)
    assert job.error == "The budget of $1.0 for today is used up; the next begins at 2031-06-02 00:00 UTC"
    assert models.provider.seen[token].count == 0
