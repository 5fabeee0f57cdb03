"""Erasing a candidate. Jobs are cancelled first; rows go after all that they tell of; the key goes with them, so that
copies which no erasure reaches, in backups, cannot be read any more.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from enrichment.db import Database
from enrichment.erasure import records
from enrichment.erasure.records import Held
from enrichment.events import CANDIDATE_ERASED
from enrichment.jobs import transitions
from enrichment.models import OPEN, Model
from enrichment.orchestrator import Orchestrator
from enrichment.responses import store as responses
from enrichment.snapshots import ProgressStore
from enrichment.vault import keys

_REASON = "The candidate is erased"
STORES = (
    "jobs",
    "results",
    "documents",
    "events",
    "reviews",
    "webhooks",
    "responses",
    "actions",
    "keys",
    "workflows",
    "progress",
)

log = logging.getLogger(__name__)


class Receipt(Model):
    """What was erased of a candidate, by store; all zero where nothing was held, or is any more."""

    erasure_id: str
    """Of the tombstone, which holds these counts and no personal data."""
    erased_at: datetime
    cancelled_jobs: int
    erased: dict[str, int]


class Eraser:
    """Erases candidates of one tenant."""

    def __init__(self, database: Database, progress: ProgressStore, orchestrator: Orchestrator, tenant: str) -> None:
        self._database = database
        self._progress = progress
        self._orchestrator = orchestrator
        self._tenant = tenant

    async def erase(self, candidate_id: str, *, by: str) -> Receipt:
        """Erases everything. Repeating it is harmless, and finishes what was broken off.

        Raises:
            StorageUnavailable: the database or Temporal does not answer; what is left is still found by the next call.
        """
        erased: Counter[str] = Counter(dict.fromkeys(STORES, 0))
        cancelled = await self._erase_jobs(candidate_id, erased)
        erased["keys"] += await keys.destroy(self._database, self._tenant, candidate_id)
        cancelled += await self._erase_jobs(candidate_id, erased)  # what came meanwhile, under the key that is gone
        erased["responses"] += await responses.erase(self._database, self._tenant, candidate_id)
        erased["actions"] += await records.forget_actions(self._database, self._tenant, candidate_id)
        written = json.dumps({"cancelledJobs": cancelled, **erased})
        erasure_id, at = await records.bury(self._database, self._tenant, candidate_id, by, written)
        log.info("Erased a candidate", extra=CANDIDATE_ERASED.fields(count=erased["jobs"]))
        return Receipt(erasure_id=erasure_id, erased_at=at, cancelled_jobs=cancelled, erased=dict(erased))

    async def _erase_jobs(self, candidate_id: str, erased: Counter[str]) -> int:
        """Every job of the candidate, with all that belongs to it; how many were cancelled for that."""
        cancelled = 0
        while jobs := await records.held(self._database, self._tenant, candidate_id):
            cancelled += await self._cancel(jobs)
            erased["workflows"] += await self._delete_workflows(jobs)
            ids = [job.id for job in jobs]
            erased["responses"] += await responses.erase_of_jobs(self._database, ids)
            erased.update(await records.delete(self._database, self._tenant, ids))
            if parents := sorted({job.parent_id for job in jobs if job.parent_id}):
                await records.sum_again(self._database, parents)
            erased["progress"] += await self._progress.delete(ids)
        return cancelled

    async def _cancel(self, jobs: Sequence[Held]) -> int:
        """Their work stops within 2 s, and stores nothing any more."""
        found = [job for job in jobs if job.status in OPEN]
        changed = [await transitions.cancel(self._database, self._tenant, job.id, _REASON) for job in found]
        return len([one for one in changed if one is not None])

    async def _delete_workflows(self, jobs: Sequence[Held]) -> int:
        """Of each run, with its history and its search attributes; it also ends what still runs."""
        runs = [(job.id, run) for job in jobs for run in range(job.first_run_alone, job.runs + 1)]
        return sum(await asyncio.gather(*(self._orchestrator.delete(*run) for run in runs)))
