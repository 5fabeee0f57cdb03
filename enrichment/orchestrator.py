"""Temporal, as far as those need it who accept and read jobs: hardly, so its client is loaded when it is first asked.

Loading it takes a sixth of an API's start. The row has decided before anything is told to Temporal.
"""

import asyncio
import importlib
from typing import TYPE_CHECKING

from enrichment.settings import Settings

if TYPE_CHECKING:
    from temporalio.client import Client


class Orchestrator:
    """The runs of the jobs, by id; see the functions of the same names in `enrichment.temporal`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connecting: asyncio.Task[Client] | None = None

    async def signal(self, job_id: str, run: int, name: str, *values: str) -> bool:
        client = await self._client()
        from enrichment import temporal

        return await temporal.signal(client, job_id, run, name, *values)

    async def delete(self, job_id: str, run: int) -> bool:
        client = await self._client()
        from enrichment import temporal

        return await temporal.delete(client, job_id, run)

    async def is_up(self) -> bool:
        client = await self._client()
        from enrichment import temporal

        return await temporal.is_up(client)

    async def _client(self) -> "Client":
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect(), name="load Temporal's client")
        return await asyncio.shield(self._connecting)

    async def _connect(self) -> "Client":
        await asyncio.to_thread(importlib.import_module, "enrichment.temporal")
        from enrichment import temporal

        return await temporal.connect(self._settings, lazy=True)
