"""How far a bulk is, counted from its rows now and then, by whichever of its lanes comes by."""

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass, field

from enrichment.db import Database
from enrichment.errors import StorageUnavailable
from enrichment.jobs import batches, standings
from enrichment.models import Standing
from enrichment.progress import of_bulk
from enrichment.runs import JobRun
from enrichment.snapshots import ProgressStore

EVERY_S = 1.0
SHARE = 50
"""A count reads every row of the bulk: it waits for so many times as long as the last one took."""
DECISIVE = 20
"""So many must have ended before their failures can stop a bulk."""
PART = 100
"""A doubt is counted at most once for each hundredth of the bulk: so often is never too often, and soon enough."""


@dataclass(slots=True)
class _Known:
    """What this process knows of a bulk: the last count, and what its own lanes have ended since."""

    total: int | None = None
    """None: it was not counted yet."""
    most: float | None = None
    """The share of failures that stops it, if there is one."""
    ended: int = 0
    failed: int = 0
    ended_since: int = 0
    due_at: float = -math.inf
    is_over: bool = False
    """For the lanes that were waiting for a count, and found it stopped or ended."""
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add(self, ended: int, failed: int) -> None:
        self.ended += ended
        self.failed += failed
        self.ended_since += ended

    def is_doubtful(self) -> bool:
        """Whether too many may have failed, so that nothing more should begin before that is counted."""
        if self.is_over:
            return False
        if self.total is None:
            return self.failed > 0
        if self.most is None or self.ended_since * PART < self.total:
            return False
        return _is_too_often(self.failed, self.ended, self.total, self.most)

    def is_due(self) -> bool:
        return time.monotonic() >= self.due_at


class Tally:
    """One for all bulks of this process, so that a bulk of two hundred lanes is counted as often as one of two."""

    def __init__(self, database: Database, progress: ProgressStore) -> None:
        self._database = database
        self._progress = progress
        self._known: dict[tuple[str, int], _Known] = {}

    async def pass_by(self, bulk: JobRun, ended: int, failed: int) -> bool:
        """A lane has ended so many jobs. Counts and shows how far the bulk is, if that is due. False: it is over.

        Where the failures may stop it, this waits until that is counted, however many lanes come by.
        """
        known = self._known.setdefault((bulk.job_id, bulk.run), _Known())
        known.add(ended, failed)
        if not known.is_doubtful() and (known.counting.locked() or not known.is_due()):
            return not known.is_over
        async with known.counting:
            if known.is_doubtful() or known.is_due():
                with contextlib.suppress(StorageUnavailable):  # the lane notices by itself, and has results in hand
                    await self._count(bulk, known)
        return not known.is_over

    async def count(self, bulk: JobRun) -> Standing | None:
        """Counts, shows, and stops the bulk if too many have failed. None: its run is over."""
        known = self._known.setdefault((bulk.job_id, bulk.run), _Known())
        async with known.counting:
            return await self._count(bulk, known)

    async def _count(self, bulk: JobRun, known: _Known) -> Standing | None:
        began = time.monotonic()
        known.ended_since = 0
        try:
            tally = await standings.tally(self._database, bulk.job_id, bulk.run)
        finally:
            took_s = time.monotonic() - began
            known.due_at = began + took_s + max(EVERY_S, SHARE * took_s)
        if tally is None:
            known.is_over = True
            self._known.pop((bulk.job_id, bulk.run), None)
            return None
        standing, known.most = tally
        known.total, known.failed = standing.total, standing.failed
        known.ended = standing.completed + standing.failed
        if known.most is not None and _is_too_often(known.failed, known.ended, known.total, known.most):
            share = f"{known.failed} of {known.ended} candidates failed, more than {known.most:.0%}"
            why = f"Stopped: {share} (maxFailureRate)"
            await batches.stop(self._database, bulk.job_id, bulk.run, why)
            known.is_over = True  # before a job that somebody else holds is waited for
            await batches.cancel_open(self._database, bulk.job_id, bulk.run)
        self.show(bulk, standing)
        return standing

    def show(self, bulk: JobRun, standing: Standing, stage: str = "enriching", message: str = "") -> None:
        self._progress.tell(bulk.job_id, bulk.run, of_bulk(standing, stage, message))


def _is_too_often(failed: int, ended: int, total: int, most: float) -> bool:
    return ended >= min(DECISIVE, total) and failed > most * ended
