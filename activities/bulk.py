"""A bulk from its opening to its end: its lanes run the jobs, its rows say how far it is."""

from datetime import UTC, datetime

from temporalio import activity

from activities.attempt import Attempts
from activities.endings import Endings
from activities.heartbeat import Milestone, heartbeating
from activities.lane import Lane
from enrichment.db import Database
from enrichment.jobs import batches, statistics, transitions
from enrichment.jobs.transitions import Outcome
from enrichment.models import JSON, JobStatus, Progress
from enrichment.progress import ProgressStore
from enrichment.queues import BY_TASK_QUEUE
from enrichment.runs import Activity, BulkRun, Ending, JobRun, LaneRun, Plan, Slice


class BulkActivities:
    def __init__(self, database: Database, attempts: Attempts, endings: Endings, progress: ProgressStore) -> None:
        self._database = database
        self._attempts = attempts
        self._endings = endings
        self._progress = progress

    @activity.defn(name=Activity.OPEN_BULK)
    async def open_bulk(self, bulk: BulkRun) -> Plan | None:
        """The bulk is in progress now, and none of its lanes is. None: it has ended or begun another run."""
        work = await transitions.begin(self._database, bulk.job_id, bulk.run, attempt=1)
        if work is None:
            return None
        await batches.take_back(self._database, bulk.job_id)
        lanes = min(await self._slots(), work.payload["total"])
        return Plan(lanes=max(lanes, 1), at_once=work.options["batchSize"])

    @activity.defn(name=Activity.RUN_LANE)
    async def run_lane(self, run: LaneRun) -> Slice:
        """Runs the bulk's jobs one after another until its slot is wanted elsewhere or none is due."""
        lane = batches.Lane(run.bulk.job_id, run.lane)
        async with heartbeating() as milestone:
            if activity.info().attempt > 1:  # the worker of the attempt before has died
                await batches.take_back(self._database, lane.bulk, lane.number)
            is_wanted = await Lane(self._database, self._attempts, self._endings, lane, at_most=run.at_once).run()
            await self._report(run.bulk, milestone)
            if is_wanted:
                return Slice(is_left=True, lanes=await self._slots())
            due_at = await batches.next_retry_at(self._database, lane.bulk)
        if due_at is None:
            return Slice(is_left=False)
        return Slice(is_left=True, wait_s=max((due_at - datetime.now(UTC)).total_seconds(), 0.1))

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

    async def _slots(self) -> int:
        """How many jobs all live workers of this queue run at a time."""
        band = BY_TASK_QUEUE[activity.info().task_queue].band
        return sum(worker.slots.get(band, 0) for worker in await statistics.workers(self._database))

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
