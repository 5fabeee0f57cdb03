"""How many jobs this process runs, counted where every activity passes, and told to the operators."""

import asyncio
import contextlib
import os
import socket
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from enrichment import queues
from enrichment.db import Database
from enrichment.errors import EnrichmentError
from enrichment.jobs import upkeep
from enrichment.settings import Settings

SAY_EVERY_S = 2.0


class Load(Interceptor):
    """Counts the activities that hold a slot, by task queue."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 SDK's name
        return _Counted(next, self.running)

    async def tell(self, database: Database, settings: Settings) -> None:
        """Says every `SAY_EVERY_S` that this worker is alive, until it is cancelled; then says goodbye."""
        worker_id = f"{socket.gethostname()}:{os.getpid()}"
        served = [queues.BY_BAND[band] for band in settings.bands]
        slots = {queue.band: settings.slots(queue) for queue in served}
        try:
            while True:
                running = {queue.band: self.running[queue.task_queue] for queue in served}
                await _quietly(upkeep.worker_seen(database, worker_id, slots, running))
                await asyncio.sleep(SAY_EVERY_S)
        finally:
            await _quietly(upkeep.worker_gone(database, worker_id))


class _Counted(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, running: Counter[str]) -> None:  # noqa: A002 SDK's name
        super().__init__(next)
        self._running = running

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 SDK's name
        info = activity.info()
        if info.is_local:
            return await super().execute_activity(input)
        self._running[info.task_queue] += 1
        try:
            return await super().execute_activity(input)
        finally:
            self._running[info.task_queue] -= 1


async def _quietly(saying: Coroutine[Any, Any, None]) -> None:
    """A database that is away is told to the operators elsewhere."""
    with contextlib.suppress(EnrichmentError):
        await saying
