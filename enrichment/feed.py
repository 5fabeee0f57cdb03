"""Following jobs: one Redis subscription per process and job, however many people watch it.

The channel only says that something changed. What changed is read from the snapshot, so that a follower who missed a
message misses nothing; and without Redis, or without any message, a follower is woken all the same, to look at the row.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from redis.asyncio.client import PubSub, Redis

from enrichment.cancellation import stop
from enrichment.events import PROGRESS_LOST
from enrichment.outage import Outage
from enrichment.redis import REDIS_ERRORS, TIMEOUT_S
from enrichment.snapshots import key

WAKE_EVERY_S = 1.0
"""A follower is woken so often at least. This bounds how late a terminal state is seen when Redis is down."""


class Feed:
    """Wakes those who follow a job when it changes."""

    def __init__(self, redis: Redis) -> None:
        self._pubsub: PubSub = redis.pubsub(ignore_subscribe_messages=True)
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._is_followed = asyncio.Event()
        self._subscribing = asyncio.Lock()
        """Two at once would open two connections, and nobody would read the first."""
        self._listener: asyncio.Task[None] | None = None
        self._outage = Outage(PROGRESS_LOST, "Redis does not answer; followers look at the row")

    async def close(self) -> None:
        if self._listener is not None:
            await stop(self._listener)
        with contextlib.suppress(*REDIS_ERRORS):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    async def follow(self, job_id: str) -> AsyncGenerator[None, None]:
        """Yields at once, then at each change of the job and at least every `WAKE_EVERY_S`, until the caller stops."""
        channel, changed = key(job_id), asyncio.Event()
        followers = self._followers.setdefault(channel, set())
        followers.add(changed)
        self._is_followed.set()
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="progress feed")
        try:
            if len(followers) == 1:
                await self._subscribe(channel)
            while True:
                yield
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(WAKE_EVERY_S):
                        await changed.wait()
                changed.clear()
        finally:
            followers.discard(changed)
            if not followers:
                del self._followers[channel]  # the listener unsubscribes: who leaves does not wait for Redis

    async def _subscribe(self, *channels: str) -> bool:
        """Waits for Redis, and for others who do, no longer than anything else waits for it."""
        try:
            async with asyncio.timeout(TIMEOUT_S), self._subscribing:
                await self._pubsub.subscribe(*channels)
        except REDIS_ERRORS as error:
            self._outage.begin(error)
            return False
        self._outage.end()
        return True

    async def _unsubscribe(self) -> None:
        """From the channels that nobody follows any more."""
        with contextlib.suppress(*REDIS_ERRORS):
            async with asyncio.timeout(TIMEOUT_S), self._subscribing:
                left = self._pubsub.channels.keys() - self._followers.keys()
                if left:
                    await self._pubsub.unsubscribe(*left)

    async def _listen(self) -> None:
        """Hands each message to the followers of its job; the client subscribes anew whenever Redis has come back."""
        while True:
            await self._unsubscribe()
            if not self._followers:
                self._is_followed.clear()
                await self._is_followed.wait()
            missing = self._followers.keys() - self._pubsub.channels.keys()
            if missing and not await self._subscribe(*missing):
                await asyncio.sleep(WAKE_EVERY_S)
                continue
            try:
                async with asyncio.timeout(WAKE_EVERY_S + TIMEOUT_S):  # it may have to connect first
                    message = await self._pubsub.get_message(timeout=WAKE_EVERY_S)
            except REDIS_ERRORS:
                await asyncio.sleep(WAKE_EVERY_S)
                continue
            for changed in self._followers.get(message["channel"], ()) if message else ():
                changed.set()
