"""Jobs are stopped, run again, let go on and judged. The row decides; those at work are told afterwards."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from enrichment.actions import records
from enrichment.actions.records import Action, ActionKind
from enrichment.cancellation import stop
from enrichment.errors import Conflict, NotFound
from enrichment.events import CANCEL_NOT_SIGNALLED, CANCEL_NOT_WHOLE, JOB_CANCELLED
from enrichment.jobs import batches, queries, quotas, transitions
from enrichment.jobs.quotas import Quota
from enrichment.models import ENDED_EARLY, Job, JobStatus, JobType, ReviewStatus
from enrichment.progress import at_rest
from enrichment.review.act import review
from enrichment.review.edits import Edit
from enrichment.service.connected import Links
from enrichment.service.reading import Reading

CANCEL_TIMEOUT_S = 2.0
"""So long a cancel of a bulk waits for its jobs to end too."""
CLOSE_TIMEOUT_S = 1.0
"""So long those that still end are waited for when the process stops."""

log = logging.getLogger(__name__)


class Steering(Reading):
    def __init__(self, links: Links) -> None:
        super().__init__(links)
        self._ending: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """A bulk that is slow to end, since somebody holds one of its jobs, is left to its workflow and the sweeper."""
        if self._ending:
            await asyncio.wait(set(self._ending), timeout=CLOSE_TIMEOUT_S)
        await stop(*self._ending)
        await super().close()

    async def cancel_job(self, job_id: str, *, reason: str = "cancelled by request") -> Job:
        """Cancels the job for good; work that runs stops within 2 s. It needs neither a worker nor Temporal.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job has ended.
        """
        cancelled = await transitions.cancel(self._database, self._tenant, job_id, reason)
        if cancelled is None:
            job = await self.get_job_status(job_id)
            raise Conflict(f"The job is {job.status}: only a pending or running job can be cancelled")
        log.info("Cancelled", extra=JOB_CANCELLED.fields(job_id=job_id, run=cancelled.run))
        await asyncio.gather(self._signal_cancel(cancelled, reason), self._end(cancelled))
        return await self.get_job_status(job_id)

    async def retry_job(self, job_id: str) -> Job:
        """Runs a failed, cancelled or rejected job again, under the same id; of a bulk, what is not completed, also
        where the bulk itself is completed.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job is in another state, or belongs to a bulk that still runs.
            RateLimited: the tenant has too many jobs open for those that this would open again.
        """
        if self._settings.max_open_jobs is not None:
            await self._require_room(await transitions.reopened(self._database, self._tenant, job_id))
        retried = await transitions.retry(self._database, self._tenant, job_id)
        if retried is None:
            job = await self.get_job_status(job_id)
            if job.status in ENDED_EARLY:
                raise Conflict("The job's bulk still runs: retry the job when the bulk has ended")
            if job.review is not None and job.review.status is ReviewStatus.APPROVED:
                raise Conflict("The result is approved: it does not change any more")
            if job.type is JobType.BULK_CANDIDATE_ENRICHMENT and job.status is JobStatus.COMPLETED:
                raise Conflict("All jobs of the bulk are completed: there is nothing to retry")
            raise Conflict(f"The job is {job.status}: only a failed, cancelled or rejected job can be retried")
        await self._progress.report(job_id, retried.run, at_rest(JobStatus.PENDING))
        return await self.get_job_status(job_id)

    async def continue_job(self, job_id: str) -> Job:
        """Lets the candidates behind a bulk's canaries follow.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job is no bulk that waits for this.
        """
        run = await batches.approve(self._database, self._tenant, job_id)
        if run is None:
            await self.get_job_status(job_id)
            raise Conflict("The job waits for no approval: only an open bulk with a canary does, and only once")
        await self._orchestrator.signal(job_id, run, "approve")
        return await self.get_job_status(job_id)

    async def review_job(self, job_id: str, status: ReviewStatus, edits: Sequence[Edit] = (), *, by: str) -> Job:
        """Approves or rejects the result of a completed job, field by field where `edits` says so.

        An approved result never changes again. A rejected one can be reviewed again, and its job retried.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: there is no result to review, or it is approved, by now.
            InvalidInput: an edit does not fit the result.
        """
        await review(self._database, await self.get_job_status(job_id), status, edits, by)
        return await self.get_job_status(job_id)

    async def start_action(self, kind: ActionKind, wanted: queries.Filter, total: int) -> Action:
        """Has a worker cancel or retry all jobs that match now, in the background.

        Raises RateLimited: the tenant has too many jobs open for so many to be retried.
        """
        if kind is ActionKind.RETRY:
            await self._require_room(total)
        return await records.add(self._database, self._tenant, kind, wanted, total)

    async def get_action(self, action_id: str) -> Action:
        """Raises NotFound: this tenant has no such bulk action."""
        action = await records.get(self._database, self._tenant, action_id)
        if action is None:
            raise NotFound("There is no such bulk action")
        return action

    async def _require_room(self, jobs: int) -> None:
        """For jobs that are opened again. They were submitted before: a day's quota has counted them then."""
        if jobs:
            quota = Quota(self._settings.max_open_jobs, most_per_day=None)
            await quotas.require(self._database, self._tenant, quota, jobs, datetime.now(UTC))

    async def _signal_cancel(self, cancelled: transitions.Changed, reason: str) -> None:
        if not cancelled.may_have_workflow or cancelled.batch is not None:
            return
        if not await self._orchestrator.signal(cancelled.id, cancelled.run, "cancel", reason):
            log.warning(
                "Cancelled, but Temporal does not answer: what may run of it stops when the sweeper sees it",
                extra=CANCEL_NOT_SIGNALLED.fields(job_id=cancelled.id, run=cancelled.run),
            )

    async def _end(self, cancelled: transitions.Changed) -> None:
        """Tells of the end; of a bulk when its jobs have ended too, so that its followers see what became of them."""
        await self._cancel_open(cancelled)
        ended = at_rest(JobStatus.CANCELLED, attempt=cancelled.attempt)
        await self._progress.report(cancelled.id, cancelled.run, ended)

    async def _cancel_open(self, cancelled: transitions.Changed) -> None:
        """Ends the jobs of a bulk, none of which begins any more. Of very many the last end after the answer."""
        if cancelled.type != JobType.BULK_CANDIDATE_ENRICHMENT:
            return
        ending = asyncio.create_task(batches.cancel_open(self._database, cancelled.id, cancelled.run))
        self._ending.add(ending)
        ending.add_done_callback(self._ended)
        await asyncio.wait({ending}, timeout=CANCEL_TIMEOUT_S)

    def _ended(self, ending: asyncio.Task[None]) -> None:
        self._ending.discard(ending)
        if not ending.cancelled() and ending.exception() is not None:
            log.warning(
                "Cancelled, but not all of its jobs: they end when its workflow or the sweeper sees it",
                extra=CANCEL_NOT_WHOLE.fields(error=ending.exception()),
            )
