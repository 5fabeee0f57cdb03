"""A PostgreSQL that is away, or is there and says nothing: no process waits for it for ever, no log is filled by it."""

import asyncio
import logging
from collections import Counter
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

import enrichment.actions.runner
import enrichment.dispatch
import enrichment.webhooks.dispatch
from activities.attempt import Attempt, Attempts
from activities.heartbeat import Milestone
from enrichment import outage, temporal
from enrichment.actions.runner import ActionRunner
from enrichment.db import CLOSE_TIMEOUT_S, STATEMENT_TIMEOUT_S, Database
from enrichment.dispatch import Dispatcher
from enrichment.enrichers.rules.enricher import RulesEnricher
from enrichment.errors import ProviderOverloaded, StorageUnavailable
from enrichment.ids import new_id
from enrichment.outage import Outage
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore
from enrichment.webhooks.dispatch import DeliveryDispatcher
from tests.faults.plan import Kind
from tests.faults.proxy import Proxy

POOL = 4


async def proxied(settings: Settings) -> tuple[Proxy, Settings]:
    """A proxy before the database, and the settings that lead through it."""
    url = make_url(settings.database_url.get_secret_value())
    proxy = Proxy(lambda: (str(url.host), int(url.port or 5432)))
    await proxy.start()
    through = url.set(port=proxy.port).render_as_string(hide_password=False)
    return proxy, settings.model_copy(update={"database_url": SecretStr(through)})


async def test_a_pool_is_closed_though_the_server_says_no_goodbye(settings: Settings) -> None:
    proxy, through = await proxied(settings)
    database = Database.connect(through, application="tests", pool_size=POOL)
    await asyncio.gather(*(database.execute(text("SELECT pg_sleep(0.1)")) for _ in range(POOL)))
    await proxy.break_(Kind.STALL)

    began = asyncio.get_running_loop().time()
    await database.close()

    took = asyncio.get_running_loop().time() - began
    assert CLOSE_TIMEOUT_S <= took < STATEMENT_TIMEOUT_S, "the server was asked, and not by one after the other"
    await proxy.stop()


async def test_what_looks_each_second_tells_once_that_the_database_is_away_and_once_that_it_is_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for module in (enrichment.dispatch, enrichment.actions.runner, enrichment.webhooks.dispatch):
        monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    missed: Counter[Outage] = Counter()
    begin = Outage.begin

    def counted(outage: Outage, error: Exception | None = None) -> None:
        missed[outage] += 1
        begin(outage, error)

    monkeypatch.setattr(Outage, "begin", counted)
    caplog.set_level(logging.INFO, "enrichment.outage")
    proxy, through = await proxied(settings)
    await proxy.break_(Kind.REFUSE)
    client = await temporal.connect(settings)
    database = Database.connect(through, application="tests", pool_size=POOL)
    dispatcher = Dispatcher(through, database, client, {}, Counter())
    async with asyncio.timeout(60), await EnrichmentQueue.connect(settings) as queue:
        loops = (dispatcher.dispatch, dispatcher.listen, DeliveryDispatcher(database, client).run)
        tasks = [asyncio.create_task(loop()) for loop in (*loops, ActionRunner(database, queue).run)]
        while len(missed) < len(tasks) or min(missed.values()) < 3:
            await asyncio.sleep(0.01)
        away = [record.getMessage() for record in of_outages(caplog)]
        await proxy.heal()
        while len(of_outages(caplog)) < 2 * len(tasks):
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    back = of_outages(caplog)[len(tasks) :]
    assert len(set(away)) == len(away) == len(tasks)
    assert sorted(record.getMessage() for record in back) == sorted(f"Over: {sentence}" for sentence in away)
    assert all(vars(record)["fields"]["seconds"] >= 0 for record in back)
    await database.close()
    await proxy.stop()


async def test_a_result_that_waits_is_told_of_once_and_once_when_it_is_stored(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outage, "STORE_AGAIN_S", 0)
    caplog.set_level(logging.INFO)
    tries = 0

    async def store() -> int:
        nonlocal tries
        tries += 1
        if tries < 5:
            raise StorageUnavailable("The database does not answer")
        return tries

    progress = ProgressStore.connect(settings)
    assert await Attempts(database, RulesEnricher(), progress).until_stored("job", 2, store) == 5

    told = [(vars(record)["event"], vars(record)["fields"]) for record in of_outages(caplog)]
    assert [event for event, _ in told] == ["database_lost", "outage_over"]
    assert all((fields["job_id"], fields["run"]) == ("job", 2) for _, fields in told)
    await progress.close()


async def test_a_failed_attempt_is_logged_when_it_is_stored(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, through = await proxied(settings)
    database, progress = Database.connect(through, application="tests"), ProgressStore.connect(settings)
    attempts = Attempts(database, RulesEnricher(), progress)
    error = ProviderOverloaded("The model is busy", retry_after=timedelta(seconds=1))
    attempt = Attempt(new_id(), run=1, number=1, max_retries=3)

    await proxy.break_(Kind.REFUSE)
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await attempts.record_failure(attempt, Milestone(5), error)
    await proxy.heal()
    async with asyncio.timeout(30):
        while not await recorded(attempts, attempt, error):
            await asyncio.sleep(0.1)

    events = [vars(record).get("event") for record in caplog.records]
    assert events.count("attempt_failed") == 1
    await database.close()
    await progress.close()
    await proxy.stop()


def of_outages(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "enrichment.outage"]


async def recorded(attempts: Attempts, attempt: Attempt, error: ProviderOverloaded) -> bool:
    try:
        await attempts.record_failure(attempt, Milestone(5), error)
    except StorageUnavailable:
        return False
    return True
