"""A cancellation that comes while Redis is asked: whoever asks ends, at whichever moment it comes."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from enrichment.access.limits import RequestLimit
from enrichment.breaker import Breaker
from enrichment.enrichers.llm.cooldown import Cooldown
from enrichment.enrichers.llm.rates import Rates
from enrichment.redis import REST_S, redis_client
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore

TURNS = 40
"""Of the event loop: from before the client connects until after a few calls."""

Call = Callable[[], Awaitable[object]]


def _deleting(settings: Settings) -> Call:
    store = ProgressStore.connect(settings)
    return lambda: store.delete([uuid4().hex])


def _reading(settings: Settings) -> Call:
    store = ProgressStore.connect(settings)
    return lambda: store.read([uuid4().hex])


def _limiting(settings: Settings) -> Call:
    limit = RequestLimit.connect(settings.model_copy(update={"rate_limit": "9000/second"}))
    assert limit is not None
    return lambda: limit.take("caller")


def _cooling(settings: Settings) -> Call:
    cooldown = Cooldown(redis_client(settings), uuid4().hex, Breaker(REST_S))
    return lambda: cooldown.cool(1)


def _rating(settings: Settings) -> Call:
    rates = Rates(settings.model_copy(update={"model_rpm": 9000}), uuid4().hex, Breaker(REST_S))
    return lambda: rates.wait_s(1)


@pytest.mark.parametrize("is_connected", [False, True])
@pytest.mark.parametrize("calling", [_deleting, _reading, _limiting, _cooling, _rating])
async def test_no_cancellation_is_lost(
    settings: Settings, calling: Callable[[Settings], Call], is_connected: bool
) -> None:
    async def calls_after_calls(call: Call) -> None:  # as the cleanup deletes page after page
        while True:
            await call()

    for turns in range(TURNS):
        call = calling(settings)
        if is_connected:
            await call()
        task = asyncio.create_task(calls_after_calls(call))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        ended, _ = await asyncio.wait({task}, timeout=10)
        task.cancel()
        assert ended, f"it went on, cancelled after {turns} turns of the loop"
        assert task.cancelled()
