"""Money: reserved before a call, settled after it, counted for the attempt, the job, the bulk and the tenant's day."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select, text

from enrichment.db import Database
from enrichment.errors import BudgetExceeded
from enrichment.jobs import attempts, queries, standings, transitions
from enrichment.jobs.transitions import Outcome
from enrichment.models import Job, JobStatus, JobType, JobUsage, Options, Submission
from enrichment.service import EnrichmentQueue
from enrichment.spending import budgets, ledger, prices
from enrichment.spending.budgets import LEASE, Budget, Reservation, ReservationRow, release, reserve
from enrichment.spending.ledger import Call, Spender, settle

LATER = "2999-01-01T00:00:00Z"
CENT = Decimal("0.01")
RESULT: dict[str, Any] = {
    "provider": "rules",
    "model": "rules-1",
    "usage": {"inputTokens": 0, "outputTokens": 0, "costUsd": 0.0},
}


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex}"


async def a_job(queue: EnrichmentQueue, tenant: str, **fields: Any) -> str:
    """A job that no worker takes."""
    values: dict[str, Any] = {"type": "skills_optimization", "candidate_data": {}, "run_at": LATER, **fields}
    return (await queue.for_tenant(tenant).add_job(Submission(**values))).id


async def money(database: Database, budget: Budget) -> tuple[float, float]:
    """What is spent and what is reserved, in dollars."""
    statement = text("SELECT spent_usd, reserved_usd FROM enrichment_budget WHERE id = :id")
    row = (await database.execute(statement, {"id": budget.id})).one()
    return float(row.spent_usd), float(row.reserved_usd)


async def held(database: Database, wanted: Sequence[Budget], usd: Decimal, lease: timedelta = LEASE) -> Reservation:
    reservation = Reservation(tuple(wanted))
    await reserve(database, reservation, usd, lease=lease)
    return reservation


async def try_to(database: Database, wanted: Sequence[Budget], usd: Decimal) -> Reservation | None:
    try:
        return await held(database, wanted, usd)
    except BudgetExceeded:
        return None


def a_call(**fields: Any) -> Call:
    return Call(**{"provider": "openai", "model": "m", "input_tokens": 100, "output_tokens": 10, **fields})


async def test_fifty_reservations_at_once_never_overshoot(database: Database, tenant: str) -> None:
    day = Budget.of_day(tenant, datetime.now(UTC), Decimal("0.20"))

    made = [one for one in await asyncio.gather(*(try_to(database, [day], CENT) for _ in range(50))) if one]

    assert len(made) == 20
    assert await money(database, day) == (0, 0.2)
    spender = Spender(tenant, "gone", 1, 1)
    await asyncio.gather(*(settle(database, spender, a_call(cost_usd=CENT / 2), one) for one in made))
    assert await money(database, day) == (0.1, 0)
    again = await asyncio.gather(*(try_to(database, [day], CENT) for _ in range(50)))
    assert sum(one is not None for one in again) == 10, "what was left over is free again"


async def test_a_call_takes_from_each_budget_it_falls_under_or_from_none(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    day = Budget.of_day(tenant, datetime.now(UTC), Decimal(1))
    jobs = [await a_job(queue, tenant) for _ in range(10)]
    of_jobs = [Budget.of_job(tenant, job_id, 3 * CENT) for job_id in jobs]
    calls = [[day, budget] for budget in of_jobs for _ in range(5)]

    made = await asyncio.gather(*(try_to(database, wanted, CENT) for wanted in calls))

    assert sum(one is not None for one in made) == 30
    assert await money(database, day) == (0, 0.3), "those that a job's budget refused took nothing from the day"
    assert [await money(database, budget) for budget in of_jobs] == [(0, 0.03)] * 10


async def test_what_is_released_is_free_again_once(database: Database, tenant: str) -> None:
    day = Budget.of_day(tenant, datetime.now(UTC), CENT)
    reservation = await held(database, [day], CENT)
    assert await try_to(database, [day], CENT) is None

    await release(database, reservation)
    await release(database, reservation)

    assert await money(database, day) == (0, 0)
    assert await try_to(database, [day], CENT) is not None


async def test_the_money_of_a_process_that_died_comes_free_when_somebody_wants_it(
    database: Database, tenant: str
) -> None:
    day = Budget.of_day(tenant, datetime.now(UTC), CENT)
    dead = await held(database, [day], CENT, lease=timedelta(seconds=-1))

    assert await try_to(database, [day], CENT) is not None

    await settle(database, Spender(tenant, "gone", 1, 1), a_call(cost_usd=CENT), dead)
    assert await money(database, day) == (0.01, 0.01), "it was not dead after all: what it spent is spent"


async def test_a_call_that_could_cost_more_than_a_budget_is_refused_with_the_reason(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    job = Budget.of_job(tenant, await a_job(queue, tenant), CENT)
    day = Budget.of_day(tenant, datetime.now(UTC), CENT)

    with pytest.raises(BudgetExceeded, match=r"The job's budget of \$0.01") as of_job:
        await held(database, [job], 2 * CENT)
    with pytest.raises(BudgetExceeded, match=r"for today is used up; the next begins at .* 00:00 UTC") as of_day:
        await held(database, [day], 2 * CENT)

    assert of_job.value.retry_after is None
    assert of_day.value.retry_after is not None
    begins = datetime.now(UTC) + of_day.value.retry_after
    assert abs(begins - begins.replace(hour=0, minute=0, second=0, microsecond=0)) < timedelta(minutes=1)


async def test_a_call_of_unknown_cost_uses_up_what_was_reserved_for_it(database: Database, tenant: str) -> None:
    day = Budget.of_day(tenant, datetime.now(UTC), 3 * CENT)
    reservation = await held(database, [day], 2 * CENT)

    await settle(database, Spender(tenant, "gone", 1, 1), a_call(is_reported=False), reservation)

    assert await money(database, day) == (0.02, 0)
    assert await try_to(database, [day], 2 * CENT) is None


async def test_without_a_budget_nothing_is_reserved(database: Database) -> None:
    reservation = await held(database, [], Decimal(10))

    await release(database, reservation)

    kept = select(func.count()).where(ReservationRow.id == reservation.id)
    assert (await database.execute(kept)).scalar() == 0


async def read(queue: EnrichmentQueue, tenant: str, job_id: str) -> Job:
    return await queue.for_tenant(tenant).get_job_status(job_id)


async def test_what_failed_attempts_cost_is_in_the_sums(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    job_id = await a_job(queue, tenant)
    await attempts.begin(database, job_id, 1, 1)
    for attempt, call in ((1, a_call(cost_usd=CENT)), (1, a_call(cost_usd=CENT)), (2, a_call(cost_usd=2 * CENT))):
        await settle(database, Spender(tenant, job_id, 1, attempt), call, Reservation())
    await settle(database, Spender(tenant, job_id, 1, 2), a_call(model="n", is_reused=True), Reservation())
    result = {"provider": "openai", "model": "m", "usage": {"inputTokens": 1, "outputTokens": 1, "costUsd": 0.5}}
    await attempts.save(database, job_id, 1, result)
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result=result))

    told = await queue.for_tenant(tenant).get_usage(job_id)

    assert [(one.attempt, one.model, one.requests, one.reused, one.cost_usd) for one in told] == [
        (1, "m", 2, 0, 0.02),
        (2, "m", 1, 0, 0.02),
        (2, "n", 0, 1, 0.0),
    ]
    usage = (await read(queue, tenant, job_id)).usage
    assert usage == JobUsage(input_tokens=400, output_tokens=40, cost_usd=0.04)


async def test_an_unknown_price_is_no_price_and_makes_every_sum_unknown(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    job_id = await a_job(queue, tenant)
    spender = Spender(tenant, job_id, 1, 1)
    for cost in (CENT, None, CENT):
        await settle(database, spender, a_call(cost_usd=cost, is_reported=cost is None), Reservation())

    usage = (await read(queue, tenant, job_id)).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cost_usd) == (300, None)
    (attempt,) = await queue.for_tenant(tenant).get_usage(job_id)
    assert (attempt.cost_usd, attempt.usage_reported) == (None, False)
    (today,) = (await queue.for_tenant(tenant).get_stats()).spend
    assert (today.requests, today.cost_usd, today.usage_reported) == (3, None, False)


async def test_the_statistics_show_what_each_day_cost_also_when_the_jobs_are_gone(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    jobs = [await a_job(queue, tenant) for _ in range(5)]
    calls = [settle(database, Spender(tenant, job, 1, 1), a_call(cost_usd=CENT), Reservation()) for job in jobs * 4]
    await asyncio.gather(*calls)
    await database.execute(text("DELETE FROM enrichment_job WHERE tenant = :tenant"), {"tenant": tenant})
    await settle(database, Spender(tenant, jobs[0], 1, 1), a_call(is_reused=True), Reservation())

    (today,) = (await queue.for_tenant(tenant).get_stats()).spend

    assert (today.day, today.provider, today.model) == (datetime.now(UTC).date(), "openai", "m")
    assert (today.requests, today.reused, today.input_tokens, today.cost_usd) == (20, 1, 2_100, 0.2)
    assert (await queue.get_stats()).spend == (), "another tenant's"


async def test_a_bulk_sums_what_its_jobs_have_used(queue: EnrichmentQueue, database: Database, tenant: str) -> None:
    bulk = await a_job(queue, tenant, type=JobType.BULK_CANDIDATE_ENRICHMENT, candidate_data=None, candidates=[{}] * 3)
    page = await queue.for_tenant(tenant).list_jobs(queries.Filter(parent_id=bulk))
    children = [job.job_id for job in page.jobs]
    for job_id in children[:2]:
        await settle(database, Spender(tenant, job_id, 1, 1), a_call(cost_usd=CENT), Reservation())

    assert (await standings.sums(database, bulk))["usage"] == {"inputTokens": 200, "outputTokens": 20, "costUsd": 0.02}

    await attempts.begin(database, bulk, 1, 1)
    for job_id in children:
        await attempts.begin(database, job_id, 1, 1)
        await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result=RESULT))
    ended = Outcome(JobStatus.COMPLETED, result=await standings.sums(database, bulk))
    await transitions.finish(database, bulk, 1, ended)
    job = await read(queue, tenant, bulk)
    assert job.usage == JobUsage(input_tokens=200, output_tokens=20, cost_usd=0.02)

    await settle(database, Spender(tenant, children[2], 1, 1), a_call(), Reservation())
    assert (await standings.sums(database, bulk))["usage"]["costUsd"] is None


async def test_a_job_by_rules_costs_nothing_and_says_so(
    queue: EnrichmentQueue, api: httpx.AsyncClient, worker: None
) -> None:
    job_id = (await queue.add_job(Submission(type="skills_optimization", candidate_data={}, priority=20))).id
    async with asyncio.timeout(30):
        job = [seen async for seen in queue.watch(job_id)][-1]

    assert job.usage == JobUsage(input_tokens=0, output_tokens=0, cost_usd=0.0)
    answer = await api.get(f"/api/enrichment/jobs/{job_id}/usage")
    assert answer.json() == {"attempts": []}


async def test_budgets_of_past_days_are_forgotten(database: Database, tenant: str) -> None:
    now = datetime.now(UTC)
    old, new = (Budget.of_day(tenant, day, CENT) for day in (now - timedelta(days=9), now))
    for budget in (old, new):
        await held(database, [budget], CENT)

    await budgets.forget_days(database, now.date() - timedelta(days=2))

    assert await money(database, new) == (0, 0.01)
    assert await try_to(database, [old], CENT) is not None


@pytest.mark.parametrize("usd", [0, -1, 2_000_000, "1", True])
async def test_a_budget_is_an_amount(api: httpx.AsyncClient, usd: object) -> None:
    body = {"type": "skills_optimization", "candidateData": {}, "options": {"maxCostUsd": usd}, "runAt": LATER}
    answer = await api.post("/api/enrichment", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/options/maxCostUsd")


def test_a_budget_travels_with_the_options() -> None:
    assert Options.model_validate({"maxCostUsd": 2}).max_cost_usd == 2.0


def test_a_price_is_known_or_unknown_and_never_guessed() -> None:
    assert prices.cost("openai", "gpt-4o-mini", 1_000_000, 0) == Decimal("0.15")
    assert prices.cost("openai", "gpt-4o-mini", 1_000_000, 0, cache_read_tokens=1_000_000) == Decimal("0.075")
    assert prices.cost("openai", "gpt-4o-mini", 1, 0, cache_read_tokens=2) is None, "that cannot be"
    assert prices.cost("openai", "no-such-model", 1_000_000, 0) is None
    assert prices.cost("a-gateway-of-ours", "llama", 1, 1) is None


async def test_ledger_reads_by_tenant(queue: EnrichmentQueue, database: Database, tenant: str) -> None:
    job_id = await a_job(queue, tenant)
    await settle(database, Spender(tenant, job_id, 1, 1), a_call(cost_usd=CENT), Reservation())

    assert await ledger.by_attempt(database, "another", job_id) == []
