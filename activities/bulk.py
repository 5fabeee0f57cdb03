"""A bulk's batches. A batch runs its jobs one after another in one slot, and gives the slot back after a time slice.

Every job of a batch commits its own outcome, and its row says what is left: a batch that is run again, after its worker
died, skips what is done. A job that failed for a moment waits for its own retry while the others go on.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.attempt import Attempt, Attempts, Superseded
from activities.boundary import ours
from activities.endings import Endings
from activities.heartbeat import Milestone, heartbeating
from enrichment.db import Database
from enrichment.documents import store
from enrichment.errors import EnrichmentError, StorageUnavailable
from enrichment.jobs import batches, statistics, transitions
from enrichment.jobs.batches import Child
from enrichment.jobs.transitions import Outcome
from enrichment.models import JSON, JobStatus, Progress
from enrichment.progress import ProgressStore
from enrichment.queues import BY_TASK_QUEUE
from enrichment.runs import Activity, BatchRun, BulkRun, Ending, JobRun, Plan, Slice

TIME_SLICE = timedelta(seconds=2)
"""How long a batch keeps its slot while others wait for one; the job that is running at its end is finished."""


class BulkActivities:
    def __init__(self, database: Database, attempts: Attempts, endings: Endings, progress: ProgressStore) -> None:
        self._database = database
        self._attempts = attempts
        self._endings = endings
        self._progress = progress

    @activity.defn(name=Activity.OPEN_BULK)
    async def open_bulk(self, bulk: BulkRun) -> Plan | None:
        """The bulk is in progress now. None: it has ended or begun another run."""
        work = await transitions.begin(self._database, bulk.job_id, bulk.run, attempt=1)
        if work is None:
            return None
        band = BY_TASK_QUEUE[activity.info().task_queue].band
        live = (await statistics.load(self._database, bulk.tenant)).queues[band]
        return Plan(batches=work.payload["batches"], at_once=max(live.slots, 1))

    @activity.defn(name=Activity.RUN_BATCH)
    async def run_batch(self, batch: BatchRun) -> Slice:
        """Runs the due jobs of a batch until its time slice is over, and tells what is left."""
        async with heartbeating() as milestone:
            rest = await batches.rest(self._database, batch.bulk.job_id, batch.batch)
            ends_at = time.monotonic() + TIME_SLICE.total_seconds()
            for child in rest.due:
                await self._run(child)
                if time.monotonic() >= ends_at:
                    break
            await self._report(batch.bulk, milestone)
            rest = await batches.rest(self._database, batch.bulk.job_id, batch.batch)
        if rest.due or rest.next_retry_at is None:
            return Slice(left=len(rest.due))
        wait = rest.next_retry_at - datetime.now(UTC)
        return Slice(left=1, wait_s=max(wait.total_seconds(), 0.1))

    @activity.defn(name=Activity.CLOSE_BULK)
    async def close_bulk(self, ending: Ending) -> str:
        """Writes the bulk's ending from the rows of its jobs."""
        bulk = ending.job
        if ending.status == "superseded":
            return ending.status
        if ending.status == JobStatus.CANCELLED:  # an operator did, in Temporal, if the row does not say so yet
            await transitions.cancel(self._database, bulk.tenant, bulk.job_id, ending.error or "cancelled")
            return ending.status
        await batches.fail_open(self._database, bulk.job_id)
        sums = await batches.sums(self._database, bulk.job_id)
        await self._endings.end(bulk.job_id, bulk.run, _outcome(ending, sums))
        return ending.status

    async def _run(self, child: Child) -> None:
        """One attempt at one job; it ends in the row, whatever it is, unless the database is away."""
        attempt = Attempt(child.id, child.run, child.attempt, child.max_retries)
        milestone = Milestone(0)
        try:
            work = await self._attempts.begin(attempt)
            result = await self._attempts.enrich(attempt, work, milestone)
            await self._attempts.until_stored(lambda: self._complete(attempt, work, result))
        except Superseded:
            return
        except StorageUnavailable:
            raise
        except asyncio.CancelledError:
            if activity.is_worker_shutdown():
                await transitions.postpone(self._database, child.id, child.run)
            raise
        except Exception as error:
            await self._fail(attempt, milestone, ours(error))

    async def _fail(self, attempt: Attempt, milestone: Milestone, error: EnrichmentError) -> None:
        if error.retryable and not attempt.is_last:
            await self._attempts.record_failure(attempt, milestone, error)
        else:
            failed = Outcome(JobStatus.FAILED, error.code, error.message)
            await self._endings.end(attempt.job_id, attempt.run, failed)

    async def _complete(self, attempt: Attempt, work: transitions.Work, result: JSON) -> None:
        if store.makes_documents(work.type):
            await transitions.save(self._database, attempt.job_id, attempt.run, result)
            await store.render(self._database, attempt.job_id, attempt.run)
        completed = Outcome(JobStatus.COMPLETED, result=result)
        await self._endings.end(attempt.job_id, attempt.run, completed)

    async def _report(self, bulk: JobRun, milestone: Milestone) -> None:
        """Shows how far the bulk is, counted from the rows."""
        counted = await batches.counts(self._database, bulk.job_id)
        total = sum(counted.values())
        done = sum(jobs for status, jobs in counted.items() if status.is_terminal)
        metadata = {"total": total, "done": done, **{str(status): jobs for status, jobs in counted.items()}}
        shown = Progress(
            percentage=milestone.reach(done * 100 // total),
            stage="enriching",
            message=f"{done} of {total} candidates",
            metadata=metadata,
        )
        await self._progress.report(bulk.job_id, bulk.run, shown)


def _outcome(ending: Ending, sums: JSON) -> Outcome:
    if ending.status != JobStatus.COMPLETED:
        return Outcome(JobStatus(ending.status), ending.error_code, ending.error)
    if sums["failed"] == sums["total"]:
        first = sums["errorGroups"][0]["errorCode"]
        return Outcome(JobStatus.FAILED, first, f"All {sums['total']} candidates failed")
    return Outcome(JobStatus.COMPLETED, result=sums)
