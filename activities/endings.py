"""A run ends: the row, and the news of it."""

import logging

from enrichment.db import Database
from enrichment.events import JOB_FINISHED
from enrichment.jobs import transitions
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus
from enrichment.progress import at_rest
from enrichment.snapshots import ProgressStore

log = logging.getLogger(__name__)


class Endings:
    def __init__(self, database: Database, progress: ProgressStore) -> None:
        self._database = database
        self._progress = progress

    async def end(self, job_id: str, run: int, outcome: Outcome) -> bool:
        """Writes how the run ends. False: it had ended before, and nothing has changed."""
        changed = await transitions.finish(self._database, job_id, run, outcome)
        if changed is None:
            return False
        await self.tell(job_id, run, outcome.status, changed.attempt)
        return True

    async def tell(self, job_id: str, run: int, status: JobStatus, attempt: int) -> None:
        """The news of an ending that is written."""
        log.info("Finished", extra=JOB_FINISHED.fields(job_id=job_id, run=run, status=status))
        self._progress.tell(job_id, run, at_rest(status, attempt=attempt))
