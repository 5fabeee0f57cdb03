"""The overview as server-sent events: read once a second for all who follow it, and told in parts that have changed."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from api.stream import RETRY, frame
from enrichment.cancellation import stop
from enrichment.errors import EnrichmentError
from enrichment.events import REQUEST_FAILED
from enrichment.outage import Outage

EVERY_S = 1.0

log = logging.getLogger(__name__)

Read = Callable[[], Awaitable[dict[str, Any]]]


class Overviews:
    """One `Overview` for each tenant that somebody follows, in this process."""

    def __init__(self) -> None:
        self._of: dict[str, Overview] = {}

    async def follow(self, tenant: str, read: Read) -> AsyncGenerator[bytes, None]:
        """Frames for one follower: the whole at first, then what has changed."""
        overview = self._of.setdefault(tenant, Overview(read))
        async with overview.followed():
            seen, preface = 0, RETRY
            while True:
                seen, parts = await overview.since(seen)
                yield preface + frame("overview", json.dumps(parts))
                preface = b""


class Overview:
    """What all who follow one tenant's overview share: a reader that runs while there are any of them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._parts: dict[str, Any] = {}
        self._changed_in: dict[str, int] = {}
        self._version = 0
        self._followers = 0
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        self._followers += 1
        if self._reader is None:
            self._reader = asyncio.create_task(self._keep_reading(), name="overview")
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers and self._reader is not None:
                reader, self._reader = self._reader, None
                await stop(reader)

    async def since(self, seen: int) -> tuple[int, dict[str, Any]]:
        """Waits for what is newer than version `seen`; the version now, and the parts that have changed since."""
        async with self._news:
            await self._news.wait_for(lambda: self._version > seen)
            changed = (part for part, version in self._changed_in.items() if version > seen)
            return self._version, {part: self._parts[part] for part in changed}

    async def _keep_reading(self) -> None:
        """A read that fails is missed, and no more: all who follow have only this reader, and keep what they have."""
        outage = Outage(REQUEST_FAILED, "The overview cannot be read")
        while True:
            try:
                await self._look()
                outage.end()
            except EnrichmentError as error:
                outage.begin(error)
            except Exception:
                log.exception("Reading the overview failed as nobody foresaw", extra=REQUEST_FAILED.fields())
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        parts = await self._read()
        news = {part: value for part, value in parts.items() if self._parts.get(part, self) != value}
        if news.keys() - {"at"}:
            async with self._news:
                self._version += 1
                self._parts |= news
                self._changed_in |= dict.fromkeys(news, self._version)
                self._news.notify_all()
