"""How far a bulk is, counted from its rows now and then, by whichever of its lanes comes by."""

import math
import time
from dataclasses import dataclass

from enrichment.db import Database
from enrichment.jobs import batches
from enrichment.models import Standing
from enrichment.progress import ProgressStore, of_bulk
from enrichment.runs import JobRun

EVERY_S = 1.0
SHARE = 50
"""A count reads every row of the bulk: it waits for so many times as long as the last one took."""
DECISIVE = 20
"""So many must have ended before their failures can stop a bulk."""


@dataclass(slots=True)
class _Count:
    """When the bulk was last counted, and how long that took. While it is being counted, `took_s` is infinite."""

    at: float
    took_s: float


class Tally:
    """One for all bulks of this process, so that a bulk of two hundred lanes is counted as often as one of two."""

    def __init__(self, database: Database, progress: ProgressStore) -> None:
        self._database = database
        self._progress = progress
        self._counts: dict[str, _Count] = {}

    async def pass_by(self, bulk: JobRun, *, has_failure: bool) -> None:
        """Counts and shows how far the bulk is, if that is due; sooner where a failure may stop it."""
        last = self._counts.get(bulk.job_id, _Count(-math.inf, 0.0))
        wait_s = SHARE * last.took_s if has_failure else max(EVERY_S, SHARE * last.took_s)
        if time.monotonic() >= last.at + wait_s:
            await self.count(bulk)

    async def count(self, bulk: JobRun) -> Standing | None:
        """Counts, shows, and stops the bulk if too many have failed. None: its run is over."""
        began = time.monotonic()
        self._counts[bulk.job_id] = _Count(began, math.inf)
        try:
            tally = await batches.tally(self._database, bulk.job_id, bulk.run)
        finally:
            self._counts[bulk.job_id] = _Count(time.monotonic(), time.monotonic() - began)
        if tally is None:
            self._counts.pop(bulk.job_id, None)
            return None
        standing, most = tally
        if most is not None and _fails_too_often(standing, most):
            ended, share = standing.completed + standing.failed, f"{most:.0%}"
            why = f"Stopped: {standing.failed} of {ended} candidates failed, more than {share} (maxFailureRate)"
            await batches.stop(self._database, bulk.job_id, bulk.run, why)
        await self.show(bulk, standing)
        return standing

    async def show(self, bulk: JobRun, standing: Standing, stage: str = "enriching", message: str = "") -> None:
        await self._progress.report(bulk.job_id, bulk.run, of_bulk(standing, stage, message))


def _fails_too_often(standing: Standing, most: float) -> bool:
    ended = standing.completed + standing.failed
    return ended >= min(DECISIVE, standing.total) and standing.failed > most * ended
