"""When a model may be asked: pauses, and requests and tokens a minute, of all workers together or of each alone."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from enrichment.breaker import Breaker
from enrichment.enrichers.llm.cooldown import MAY_ASK, SOMEBODY_ASKS, Cooldown
from enrichment.enrichers.llm.limited import Limits
from enrichment.enrichers.llm.rates import Rates
from enrichment.errors import CoolingDown
from enrichment.redis import redis_client
from enrichment.settings import Settings

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["shared", "alone"])
async def configured(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With Redis, and without."""
    lost = {"redis_url": type(settings.redis_url)(NOWHERE)} if request.param == "alone" else {}
    return settings.model_copy(update={"model_rpm": 5, "model_tpm": 5, **lost})


@pytest.fixture
async def redis(configured: Settings) -> AsyncIterator[Redis]:
    connected = redis_client(configured)
    yield connected
    await connected.aclose()


@pytest.fixture
def model() -> str:
    return f"openai:{uuid4().hex}"


def is_shared(settings: Settings) -> bool:
    return settings.redis_url.get_secret_value() != NOWHERE


async def test_a_minute_has_so_many_requests(configured: Settings, model: str) -> None:
    a_minute = configured.model_copy(update={"model_tpm": None})
    workers = [Rates(a_minute, model, Breaker(60)) for _ in range(2)]

    waits = await asyncio.gather(*(worker.wait_s(1) for worker in workers for _ in range(5)))

    assert waits.count(0.0) == (5 if is_shared(configured) else 10)
    assert all(0 <= wait <= 60 for wait in waits)
    assert await workers[0].wait_s(1) >= 1.0


async def test_what_may_not_go_out_takes_nothing(configured: Settings, model: str) -> None:
    rates = Rates(configured, model, Breaker(60))

    assert await rates.wait_s(4) == 0.0
    assert [await rates.wait_s(4) > 0 for _ in range(9)] == [True] * 9, "too many tokens"
    assert await rates.wait_s(1) == 0.0, "and no request was counted for it"
    other = Rates(configured, f"{model}-large", Breaker(60))
    assert await other.wait_s(1_000_000) == 0.0, "what can never fit goes alone"


async def test_a_pause_is_everybodys_and_one_asks_when_it_is_over(
    configured: Settings, model: str, redis: Redis
) -> None:
    breaker = Breaker(60)
    first = Cooldown(redis, model, breaker)
    second = Cooldown(redis, model, breaker) if is_shared(configured) else first

    assert await first.enter() == MAY_ASK
    assert await second.enter() == SOMEBODY_ASKS
    await first.cool(0.2)
    assert 0 < await second.enter() <= 0.2
    await first.cool(0.01)
    assert await second.enter() > 0.05, "the longer pause stands"
    while (wait := await second.enter()) > 0:
        await asyncio.sleep(wait)
    assert wait == MAY_ASK
    assert await first.enter() == SOMEBODY_ASKS
    await second.opened()
    assert [await one.enter() for one in (first, second, first)] == [MAY_ASK] * 3


async def test_the_more_urgent_come_first_after_a_pause(configured: Settings, model: str, redis: Redis) -> None:
    breaker = Breaker(60)
    limits = Limits(model, Cooldown(redis, model, breaker), Rates(configured, model, breaker))
    await limits.cooldown.cool(30)

    waits = []
    for priority in (20, 10, 5, 1):
        with pytest.raises(CoolingDown) as put_off:
            await limits.enter(priority, 1)
        assert put_off.value.retry_after is not None
        waits.append(put_off.value.retry_after)

    assert waits == sorted(waits)
    assert waits[0].total_seconds() > 25
