"""Telling the dispatchers that rows are ready: one NOTIFY for all jobs accepted while the one before was under way.

It is a hint. A dispatcher that misses it looks at the table within a second.
"""

import asyncio
import contextlib

from sqlalchemy import text

from enrichment.db import Database
from enrichment.errors import EnrichmentError

CHANNEL = "enrichment_job"
_NOTIFY = text(f"NOTIFY {CHANNEL}")


class Wake:
    """Sends the hint after the answer to the request, never before it."""

    def __init__(self) -> None:
        self._wanted: Database | None = None
        self._task: asyncio.Task[None] | None = None

    def soon(self, database: Database) -> None:
        """`database` as the caller has it: a connection need not turn to another tenant for this."""
        self._wanted = database
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send(), name="wake the dispatchers")

    async def close(self) -> None:
        if self._task is not None:
            await self._task

    async def _send(self) -> None:
        while database := self._wanted:
            self._wanted = None
            with contextlib.suppress(EnrichmentError):
                await database.execute(_NOTIFY)
