"""Requests and tokens a minute to one model, of all workers together, counted by `limits` in a sliding window.

Without Redis each worker counts its own: then the settings are what one worker may do.
"""

import asyncio
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from enrichment.breaker import Breaker
from enrichment.progress import REDIS_ERRORS, TIMEOUT_S
from enrichment.settings import Settings


class Rates:
    """The limits of one model; none where the settings name none."""

    def __init__(self, settings: Settings, model: str, breaker: Breaker) -> None:
        self._model = model
        self._requests = RateLimitItemPerMinute(settings.model_rpm) if settings.model_rpm else None
        self._tokens = RateLimitItemPerMinute(settings.model_tpm) if settings.model_tpm else None
        self._breaker = breaker
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(
            RedisStorage(
                f"async+{settings.redis_url.get_secret_value()}",
                implementation="redispy",
                key_prefix="enrichment:rate",
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
            )
        )

    async def wait_s(self, tokens: int) -> float:
        """Takes one request and so many tokens; or takes nothing, and answers in how many seconds to ask again."""
        for item, cost in ((self._tokens, tokens), (self._requests, 1)):
            if item is None:
                continue
            cost = min(cost, item.amount)  # what can never fit goes alone
            wait = await self._take(item, cost)
            if wait:
                return wait
        return 0.0

    async def _take(self, item: RateLimitItemPerMinute, cost: int) -> float:
        if not self._breaker.is_open:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    return await self._take_from(self._shared, item, cost)
            except REDIS_ERRORS:
                self._breaker.trip()
        return await self._take_from(self._alone, item, cost)

    async def _take_from(
        self, limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerMinute, cost: int
    ) -> float:
        if await limiter.hit(item, self._model, cost=cost):
            return 0.0
        stats = await limiter.get_window_stats(item, self._model)
        return max(stats.reset_time - time.time(), 1.0)
