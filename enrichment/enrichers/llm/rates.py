"""Requests and tokens a minute to one model, of all workers together, counted by `limits` in a sliding window.

Without Redis each worker counts its own: then the settings are what one worker may do.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from enrichment.breaker import Breaker
from enrichment.events import LIMITS_LOST
from enrichment.redis import Circuit, limits_storage, redis_client
from enrichment.settings import Settings

SHORTEST_S = 1.0


class _Wanted(NamedTuple):
    """So many of a minute's requests or tokens. `what` keeps the two apart where their limits are the same number."""

    item: RateLimitItemPerMinute
    what: str
    cost: int


class Rates:
    """The limits of one model; none where the settings name none."""

    def __init__(self, settings: Settings, model: str, breaker: Breaker) -> None:
        self._model = model
        self._requests = RateLimitItemPerMinute(settings.model_rpm) if settings.model_rpm else None
        self._tokens = RateLimitItemPerMinute(settings.model_tpm) if settings.model_tpm else None
        redis = redis_client(settings)
        self._circuit = Circuit(redis, LIMITS_LOST, "Redis is away; each worker counts alone", breaker)
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(limits_storage(redis, "enrichment:rate"))

    async def wait_s(self, tokens: int) -> float:
        """Takes one request and so many tokens; or takes nothing, and answers in how many seconds to ask again."""
        wanted = [
            _Wanted(item, what, min(cost, item.amount))  # what can never fit goes alone
            for item, what, cost in ((self._requests, "requests", 1), (self._tokens, "tokens", tokens))
            if item is not None
        ]
        if not wanted:
            return 0.0
        wait_s = await self._circuit.call(partial(self._take, self._shared, wanted))
        return await self._take(self._alone, wanted) if wait_s is None else wait_s

    async def _take(self, limiter: SlidingWindowCounterRateLimiter, wanted: Sequence[_Wanted]) -> float:
        waits = await asyncio.gather(*(self._wait_for(limiter, one) for one in wanted))
        if any(waits):
            return max(waits)
        taken = (limiter.hit(one.item, one.what, self._model, cost=one.cost) for one in wanted)
        return 0.0 if all(await asyncio.gather(*taken)) else SHORTEST_S  # not where another worker was faster

    async def _wait_for(self, limiter: SlidingWindowCounterRateLimiter, one: _Wanted) -> float:
        if await limiter.test(one.item, one.what, self._model, cost=one.cost):
            return 0.0
        stats = await limiter.get_window_stats(one.item, one.what, self._model)
        return max(stats.reset_time - time.time(), SHORTEST_S)
