"""How many requests a caller may make in a time: counted in Redis for all processes, and here while Redis is away.

The windows stand still: `600/minute` counts from each full minute. So one call to Redis says all that a caller is told,
and around the turn of a window a caller can make up to twice as many.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from redis.asyncio import Redis

from enrichment.errors import RateLimited
from enrichment.events import LIMITS_LOCAL
from enrichment.redis import Circuit, limits_storage, redis_client
from enrichment.settings import Settings

if TYPE_CHECKING:
    from limits import RateLimitItem  # loaded only where there is a limit: it takes a tenth of a second


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller has left: `remaining` requests of `limit`, until `reset_s` seconds from now."""

    limit: int
    remaining: int
    reset_s: int

    def require(self) -> None:
        """Raises RateLimited where nothing was left for this request."""
        if self.remaining < 0:
            wait = timedelta(seconds=self.reset_s)
            raise RateLimited(f"A key may make {self.limit} requests in this time", retry_after=wait)


class RequestLimit:
    """Counts each request of a caller."""

    def __init__(self, item: "RateLimitItem", redis: Redis) -> None:
        from limits.aio.storage import MemoryStorage

        self._item = item
        self._client = redis
        self._redis = limits_storage(redis, "enrichment:limit")
        self._here = MemoryStorage()
        self._circuit = Circuit(redis, LIMITS_LOCAL, "Redis does not answer; each process limits alone")

    @classmethod
    def connect(cls, settings: Settings) -> Self | None:
        """None where the settings name no limit. It opens no connection yet: the first request does."""
        if settings.rate_limit is None:
            return None
        from limits import parse

        return cls(parse(settings.rate_limit), redis_client(settings))

    async def close(self) -> None:
        await self._client.aclose()

    async def take(self, caller: str) -> Allowance:
        """One request less for the caller; never waits for Redis longer than a `Circuit` does."""
        length_s, now = self._item.get_expiry(), time.time()
        window = int(now // length_s)
        taken = await self._count(self._item.key_for(caller, str(window)), length_s)
        reset_s = max(1, round((window + 1) * length_s - now))
        return Allowance(self._item.amount, self._item.amount - taken, reset_s)

    async def _count(self, key: str, length_s: int) -> int:
        shared = await self._circuit.call(lambda: self._redis.incr(key, length_s))
        return await self._here.incr(key, length_s) if shared is None else shared
