"""A bulk from its opening to its end: its lanes run the jobs, its rows say how far it is."""

from temporalio import activity

from activities.attempt import Attempts
from activities.endings import Endings
from activities.heartbeat import heartbeating
from activities.lane import Lane
from activities.tally import Tally
from activities.turns import Turns
from enrichment.db import Database
from enrichment.jobs import attempts, batches, lanes, queries, standings, transitions, workload
from enrichment.jobs.transitions import Outcome
from enrichment.models import JSON, JobStatus, Standing
from enrichment.progress import WAITING_FOR_APPROVAL
from enrichment.queues import BY_TASK_QUEUE
from enrichment.runs import Activity, BulkRun, Ending, LaneRun, Plan, Slice


class BulkActivities:
    def __init__(self, database: Database, attempts: Attempts, endings: Endings, turns: Turns, tally: Tally) -> None:
        self._database = database
        self._attempts = attempts
        self._endings = endings
        self._turns = turns
        self._tally = tally

    @activity.defn(name=Activity.OPEN_BULK)
    async def open_bulk(self, bulk: BulkRun) -> Plan | None:
        """The bulk is in progress now, and none of its lanes is. None: it has ended or begun another run."""
        work = await attempts.begin(self._database, bulk.job_id, bulk.run, attempt=1)
        if work is None:
            return None
        if bulk.run > 1:
            await batches.reopen(self._database, bulk.job_id, bulk.run)
        await lanes.take_back(self._database, bulk.job_id, bulk.run)
        await self._tell(bulk, work.payload or {})
        canaries = await batches.canaries(self._database, bulk.job_id)
        total = (work.payload or {}).get("total", 0)
        return Plan(
            lanes=max(min(await self._slots(), total), 1),
            at_once=work.options["batchSize"],
            canaries_until=None if canaries is None or canaries.is_approved else canaries.until,
        )

    @activity.defn(name=Activity.RUN_LANE)
    async def run_lane(self, run: LaneRun) -> Slice:
        """Runs the bulk's jobs one after another until its slot is wanted elsewhere or none is due."""
        bulk = run.bulk
        async with heartbeating():
            if activity.info().attempt > 1:  # the worker of the attempt before has died
                await lanes.take_back(self._database, bulk.job_id, bulk.run, run.lane)
            is_wanted = await self._lane(run).run()
            if is_wanted:
                return Slice(is_left=True, lanes=await self._slots())
            wait = await lanes.next_retry_in(self._database, bulk.job_id)
        if wait is None:
            return Slice(is_left=False)
        return Slice(is_left=True, wait_s=max(wait.total_seconds(), 0.1))

    @activity.defn(name=Activity.JUDGE_CANARIES)
    async def judge_canaries(self, bulk: BulkRun) -> bool:
        """Whether the other candidates may follow: every canary is completed and faithful, or a person says so.

        Also where no others are left: equals of the canaries have ended with them.
        """
        canaries = await batches.canaries(self._database, bulk.job_id)
        if canaries is None or canaries.is_approved:
            return True
        await batches.judge(self._database, bulk.job_id, bulk.run, canaries.until)
        standing = await self._tally.count(bulk)
        canaries = await batches.canaries(self._database, bulk.job_id)
        if standing is None or standing.done == standing.total or canaries is None or canaries.is_approved:
            return True
        message = f"{standing.done} of {standing.total} candidates ran first; the others wait: continue or cancel"
        self._tally.show(bulk, standing, WAITING_FOR_APPROVAL, message)
        return False

    @activity.defn(name=Activity.CLOSE_BULK)
    async def close_bulk(self, ending: Ending) -> str:
        """Writes the bulk's ending from the rows of its jobs, and answers with the status that its row has ended in."""
        bulk = ending.job
        if ending.status == "superseded":
            return ending.status
        if ending.status == JobStatus.CANCELLED:  # an operator did, in Temporal, if the row does not say so yet
            await transitions.cancel(self._database, bulk.tenant, bulk.job_id, ending.error or "cancelled")
        else:
            await batches.fail_open(self._database, bulk.job_id, bulk.run)
            await self._tally.count(bulk)
            outcome = _outcome(ending, await standings.sums(self._database, bulk.job_id))
            await self._endings.end(bulk.job_id, bulk.run, outcome)
        await batches.cancel_open(self._database, bulk.job_id, bulk.run)  # whoever ended it may have died meanwhile
        stands = await queries.statuses(self._database, [bulk.job_id])
        return stands.get(bulk.job_id, "deleted")

    async def _tell(self, bulk: BulkRun, payload: JSON) -> None:
        """How far the bulk is, before any of its jobs ends. Only of one that is retried does the row not say so."""
        if standing := payload.get("standing"):
            self._tally.show(bulk, Standing.model_validate(standing))
        else:
            await self._tally.count(bulk)

    def _lane(self, run: LaneRun) -> Lane:
        return Lane(self._database, self._attempts, self._endings, self._turns, self._tally, run)

    async def _slots(self) -> int:
        """How many jobs all live workers of this queue run at a time."""
        band = BY_TASK_QUEUE[activity.info().task_queue].band
        return sum(worker.slots.get(band, 0) for worker in await workload.workers(self._database))


def _outcome(ending: Ending, sums: JSON) -> Outcome:
    if ending.status != JobStatus.COMPLETED:
        return Outcome(JobStatus(ending.status), ending.error_code, ending.error)
    if sums["total"] and sums["failed"] == sums["total"]:  # of none, all were erased meanwhile
        first = sums["errorGroups"][0]["errorCode"]
        return Outcome(JobStatus.FAILED, first, f"All {sums['total']} candidates failed")
    return Outcome(JobStatus.COMPLETED, result=sums)
