"""Redis: the one way to reach it. It is a cache here: whoever calls it goes on without it.

A call that fails is forgotten, and for a moment afterwards none is tried, so that no job and no request waits for a
Redis that is down.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from enrichment.breaker import Breaker
from enrichment.events import LogEvent
from enrichment.outage import Outage
from enrichment.settings import Settings

if TYPE_CHECKING:
    from limits.aio.storage import RedisStorage

T = TypeVar("T")

TIMEOUT_S = 0.5
"""For each call, with the connection that it may need. A dead Redis costs at most this, once per `REST_S`.

Whoever calls keeps it, by `Circuit` or by `asyncio.timeout`: the client has no limit of its own but for connecting.
"""
REST_S = 2.0

REDIS_ERRORS = (RedisError, OSError, TimeoutError, RuntimeError)
"""What a Redis that is away raises; the last is the API's uvloop's, for a write to a connection that was reset."""


def redis_client(settings: Settings) -> Redis:
    """A client that tries nothing twice. Each call of it is to be made within `TIMEOUT_S`."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        socket_timeout=None,  # else redis 8.1 sends by `asyncio.wait_for`, which loses cancellations in Python 3.11
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


def limits_storage(redis: Redis, prefix: str) -> "RedisStorage":
    """Where the library `limits` counts, by this client."""
    from limits.aio.storage import RedisStorage

    return RedisStorage(
        "async+redis://",  # not used: the client's pool knows where Redis is
        implementation="redispy",
        connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # handed to the client as it is
        key_prefix=prefix,
    )


class Circuit:
    """Calls by one client, and what is said when they fail: `event`, with a sentence that says what that means."""

    def __init__(self, redis: Redis, event: LogEvent, sentence: str, breaker: Breaker | None = None) -> None:
        """`breaker` is given where several clients are to learn from each other that Redis is down."""
        self._pool = redis.connection_pool
        self._outage = Outage(event, sentence)
        self.breaker = breaker or Breaker(REST_S)

    async def call(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What Redis answers, or None when it is down or was down a moment ago."""
        if self.breaker.is_open:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await ask()
        except REDIS_ERRORS as error:
            self.breaker.trip()
            # The other idle connections are as dead as this one; each would cost a rest of its own.
            with contextlib.suppress(*REDIS_ERRORS):
                await self._pool.disconnect(inuse_connections=False)
            self._outage.begin(error)
            return None
        self._outage.end()
        return answer
