"""The database as the harness sees it: past the proxies, over a connection that is made anew when a fault took it."""

import asyncio
import contextlib
import time
from typing import Any

import asyncpg

from enrichment.db import LOST
from tests.faults.subject import Subject

_PATIENCE_S = 40.0
_AGAIN_S = 0.1


class Record:
    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Reads, and waits for a database that is away.

        Raises:
            TimeoutError: it stayed away.
        """
        ends_at = time.monotonic() + _PATIENCE_S
        async with self._lock:
            while time.monotonic() < ends_at:
                with contextlib.suppress(*LOST):
                    return await self._fetch(query, *arguments)
                await asyncio.sleep(_AGAIN_S)
        raise TimeoutError("PostgreSQL did not answer the harness")

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._subject.database()
        try:
            return await self._connection.fetch(query, *arguments)
        except BaseException:  # also who stops waiting: in the middle of an answer the connection is of no more use
            await self.close()
            raise
