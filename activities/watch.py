"""An attempt's look at its row while the work goes on: is the job still its own, and how far is it?"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from enrichment.cancellation import stop
from enrichment.db import Database
from enrichment.errors import StorageUnavailable
from enrichment.jobs import attempts
from enrichment.models import Progress
from enrichment.snapshots import ProgressStore

T = TypeVar("T")

LOOK_EVERY_S = 1.0
"""How often an attempt looks whether its row was cancelled meanwhile."""
LOOK_AGAIN_AFTER_S = 0.25
"""Between two looks at least, and before the first: what is done sooner costs no statement."""


class Superseded(Exception):
    """The job is not this attempt's any more; whatever it has done changes nothing."""


class Watch:
    """Tells how far a run is, first the row and then those who follow.

    So nothing that was seen is ever taken back: of a run that Redis has lost, every process shows as much from the row.
    """

    def __init__(self, database: Database, progress: ProgressStore, job_id: str, run: int, stored: int) -> None:
        """`stored` is the percentage that the row knows."""
        self._database = database
        self._progress = progress
        self._job_id = job_id
        self._run = run
        self._stored = stored
        self._untold: Progress | None = None
        self._has_news: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(self, shown: Progress) -> None:
        """Shows it with the next look, or at once where the row knows as much. It never falls from call to call."""
        if shown.percentage <= self._stored:
            self._progress.tell(self._job_id, self._run, shown)
            return
        self._untold = shown
        if not self._has_news.done():
            self._has_news.set_result(None)

    async def over(self, work: Awaitable[T]) -> T:
        """Awaits `work`, and stops it when the row is cancelled, also where Temporal could not tell us.

        Raises:
            Superseded: the row has ended, or is in another run.
        """
        working = asyncio.ensure_future(work)
        try:
            while not await self._is_done(working):
                if not await self._look():
                    raise Superseded
            return working.result()
        finally:
            await stop(working)

    async def _is_done(self, working: "asyncio.Future[T]") -> bool:
        """Whether the work ended before the next look was due."""
        await asyncio.wait({working}, timeout=LOOK_AGAIN_AFTER_S)
        if not working.done() and self._untold is None:
            either: set[asyncio.Future[Any]] = {working, self._has_news}
            rest_s = LOOK_EVERY_S - LOOK_AGAIN_AFTER_S
            await asyncio.wait(either, timeout=rest_s, return_when=asyncio.FIRST_COMPLETED)
        return working.done()

    async def _look(self) -> bool:
        """Tells what there is to tell. False: the run is not in progress any more."""
        shown = self._untold
        percentage = self._stored if shown is None else shown.percentage
        try:
            is_ours = await attempts.reach(self._database, self._job_id, self._run, percentage)
        except StorageUnavailable:
            return True  # nobody can have cancelled it either
        if shown is not None and is_ours:
            self._stored = percentage
            self._progress.tell(self._job_id, self._run, shown)
            if self._untold is shown:
                self._untold, self._has_news = None, asyncio.get_running_loop().create_future()
        return is_ours
