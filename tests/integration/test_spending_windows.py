"""Money, when an answer of the database is lost: what was done is neither done twice nor forgotten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from enrichment.db import REST_S, Database
from enrichment.enrichers.base import Asker
from enrichment.enrichers.llm.memory import Memory
from enrichment.errors import BudgetExceeded, BudgetReserved, StorageUnavailable
from enrichment.models import JobUsage
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.spending import budgets
from enrichment.spending.budgets import Budget, Reservation, release, reserve
from enrichment.spending.ledger import Call, Spender, settle
from tests.faults.proxy import Cut, Proxy
from tests.integration.test_spending import CENT, a_job, held, money

MODEL = "openai:gpt-4o-mini"
CALL = Call("openai", "gpt-4o-mini", input_tokens=100, output_tokens=10, cost_usd=CENT)


class Forgetful(Proxy):
    """Loses the next answer that tells of `losing`, and its connection: what it tells of is done."""

    losing = b""

    async def _toll(self, piece: bytes, *, is_answer: bool) -> None:
        if is_answer and self.losing and self.losing in piece:
            self.losing = b""
            raise Cut


@pytest.fixture
async def link(settings: Settings) -> AsyncIterator[Forgetful]:
    url = make_url(settings.database_url.get_secret_value())
    proxy = Forgetful(lambda: (str(url.host), int(url.port or 5432)))
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def lossy(settings: Settings, link: Forgetful) -> AsyncIterator[Database]:
    """The database behind `link`."""
    url = make_url(settings.database_url.get_secret_value()).set(port=link.port)
    through = settings.model_copy(update={"database_url": SecretStr(url.render_as_string(hide_password=False))})
    database = Database.connect(through, application="tests of windows")
    yield database
    await database.close()


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex}"


def today(tenant: str, usd: Decimal) -> Budget:
    return Budget.of_day(tenant, datetime.now(UTC), usd)


async def again(database: Database) -> None:
    """The database is asked again after it has just not answered."""
    async with asyncio.timeout(10 * REST_S):
        while True:
            try:
                await database.execute(text("SELECT 1"))
            except StorageUnavailable:
                await asyncio.sleep(REST_S / 10)
            else:
                return


@pytest.mark.parametrize("has_budget", [True, False])
async def test_a_call_that_is_settled_again_because_the_answer_was_lost_counts_once(
    queue: EnrichmentQueue, database: Database, lossy: Database, link: Forgetful, tenant: str, has_budget: bool
) -> None:
    job_id = await a_job(queue, tenant)
    day = today(tenant, 5 * CENT)
    reservation = await held(lossy, [day] if has_budget else [], 2 * CENT)
    link.losing = b"INSERT 0 1\0"

    with pytest.raises(StorageUnavailable):
        await settle(lossy, Spender(tenant, job_id, 1, 1), CALL, reservation)
    await again(lossy)
    await settle(lossy, Spender(tenant, job_id, 1, 1), CALL, reservation)

    product = queue.for_tenant(tenant)
    assert (await product.get_job_status(job_id)).usage == JobUsage(input_tokens=100, output_tokens=10, cost_usd=0.01)
    assert [one.requests for one in await product.get_usage(job_id)] == [1]
    assert [(one.requests, one.cost_usd) for one in (await product.get_stats()).spend] == [(1, 0.01)]
    if has_budget:
        assert await money(database, day) == (0.01, 0)


@pytest.mark.parametrize("lost", [b"SELECT 1\0", b"COMMIT\0"])
async def test_money_of_which_nobody_knows_whether_it_was_reserved_is_given_back(
    queue: EnrichmentQueue, settings: Settings, database: Database, lossy: Database, link: Forgetful, tenant: str,
    lost: bytes,
) -> None:  # fmt: skip
    job_id = await a_job(queue, tenant)
    asker = Asker(tenant=tenant, job_id=job_id, run=1, attempt=1, max_cost_usd=0.01)
    memory = Memory(lossy, settings, asker, "v1", refresh=False)
    question = memory.question(MODEL, "What is it?")
    budget = Budget.of_job(tenant, job_id, CENT)
    for _ in range(2):
        assert await memory.look(question) is None
        link.losing = lost
        with pytest.raises(StorageUnavailable):
            async with memory.asking(question, 50_000, 1_000):
                raise AssertionError("the request must not be sent")
        async with asyncio.timeout(20):
            while await reserved(database, budget):
                await asyncio.sleep(0.02)
        await again(lossy)

    assert await memory.look(question) is None
    async with memory.asking(question, 50_000, 1_000):
        assert await reserved(database, budget) > CENT / 2, "all that the job has is one such request"


async def reserved(database: Database, budget: Budget) -> Decimal:
    statement = text("SELECT coalesce(sum(reserved_usd), 0) FROM enrichment_budget WHERE id = :id")
    return Decimal((await database.execute(statement, {"id": budget.id})).scalar_one())


async def test_money_that_is_given_back_again_because_the_answer_was_lost_is_free_once(
    database: Database, lossy: Database, link: Forgetful, tenant: str
) -> None:
    day = today(tenant, 5 * CENT)
    await held(lossy, [day], CENT)
    reservation = await held(lossy, [day], CENT)
    link.losing = b"COMMIT\0"

    with pytest.raises(StorageUnavailable):
        await release(lossy, reservation)
    await again(lossy)
    await release(lossy, reservation)

    assert await money(database, day) == (0, 0.01)


async def test_money_is_given_back_though_its_reserving_is_not_committed_yet(database: Database, tenant: str) -> None:
    """As after a cancel: the server goes on with what the client has given up."""
    day = today(tenant, CENT)
    reservation = Reservation((day,))
    parameters = {
        "id": reservation.id, "usd": CENT, "lease": budgets.LEASE, "ids": [day.id], "tenants": [tenant],
        "job_ids": [None], "limits": [day.usd],
    }  # fmt: skip
    blocked = text("""
        SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO enrichment_reservation%'
    """)
    async with database.transaction() as connection:
        await connection.execute(budgets._TAKE, parameters)
        releasing = asyncio.create_task(release(database, reservation))
        async with asyncio.timeout(4):  # below the statement's own limit
            while not (await database.execute(blocked)).scalar_one():
                await asyncio.sleep(0.02)
    await releasing

    assert await money(database, day) == (0, 0)


async def test_what_calls_under_way_have_reserved_is_not_used_up(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    job = Budget.of_job(tenant, await a_job(queue, tenant), 3 * CENT)
    under_way = await held(database, [job], 2 * CENT)

    with pytest.raises(BudgetReserved, match="Calls under way have reserved what is left of the job's budget") as told:
        await held(database, [job], 2 * CENT)
    assert told.value.retry_after == budgets.LOOK_AGAIN

    await settle(database, Spender(tenant, "gone", 1, 1), CALL, under_way)
    await release(database, await held(database, [job], 2 * CENT))
    await settle(database, Spender(tenant, "gone", 1, 1), CALL, await held(database, [job], CENT))
    with pytest.raises(BudgetExceeded, match="does not suffice") as used_up:
        await held(database, [job], 2 * CENT)
    assert not isinstance(used_up.value, BudgetReserved)


async def test_of_two_budgets_the_one_that_is_used_up_is_told(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    job, day = Budget.of_job(tenant, await a_job(queue, tenant), 2 * CENT), today(tenant, CENT)
    await held(database, [job], CENT)

    with pytest.raises(BudgetExceeded, match="for today is used up"):
        await reserve(database, Reservation((job, day)), 2 * CENT)


async def test_it_is_known_for_a_day_that_a_call_has_ended(database: Database, tenant: str) -> None:
    reservation = await held(database, [today(tenant, CENT)], CENT)
    await release(database, reservation)
    known = text("SELECT count(*) FROM enrichment_reservation WHERE id = :id")

    await budgets.release_expired(database)
    await budgets.forget_ended(database)
    assert (await database.execute(known, {"id": reservation.id})).scalar_one() == 1

    await budgets.forget_ended(database, timedelta())
    assert (await database.execute(known, {"id": reservation.id})).scalar_one() == 0
