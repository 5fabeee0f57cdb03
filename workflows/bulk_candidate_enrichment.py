"""Enriches many candidates, in as many lanes as the queue has slots.

The candidates are rows. A lane is one slot's share of them: its activity begins the next jobs, runs them one after
another, and gives the slot back when its time is over or nothing is left. So this history grows with time and lanes and
not with the candidates. When it has grown long it goes on as a new run, once every lane has given its slot back. The
canaries, if there are any, run before the others.
"""

import asyncio
import contextlib
from datetime import timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import Activity, BulkRun, LaneRun, Plan, Slice

from workflows.attempts import HEARTBEAT_TIMEOUT, heed_cancel
from workflows.lifecycle import RECORD_TIMEOUT, UNTIL_WRITTEN, JobWorkflow

SLICE_TIMEOUT = timedelta(minutes=7)
"""One activity of a lane: the longest that it keeps its slot, and the job that was running at the end of that."""

SILENCE_PER_LANE = timedelta(milliseconds=20)
"""Beyond a hundred lanes each beats less often, so that all of them cost Temporal two hundred writes a second."""

LOOK_AGAIN = timedelta(minutes=10)


@workflow.defn
class BulkCandidateEnrichment(JobWorkflow):
    finish: ClassVar[Activity] = Activity.CLOSE_BULK

    def __init__(self) -> None:
        super().__init__()
        self._lanes: list[asyncio.Task[None]] = []
        self._plan = Plan(lanes=0)
        self._is_told = False

    @workflow.run
    async def run(self, bulk: BulkRun) -> str:
        return await self.conclude(bulk, self._enrich_all(bulk))

    @workflow.signal
    def approve(self) -> None:
        """The candidates behind the canaries may follow. The row was approved before this signal was sent."""
        self._is_told = True

    async def _enrich_all(self, bulk: BulkRun) -> bool:
        plan: Plan | None = await workflow.execute_local_activity(
            Activity.OPEN_BULK,
            bulk,
            result_type=Plan | None,  # type: ignore[arg-type]
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=UNTIL_WRITTEN,
        )
        if plan is None:
            return False
        self._plan = plan
        if plan.canaries_until is not None:
            await self._run_lanes(bulk, plan.canaries_until)
            await self._until_approved(bulk)
        await self._run_lanes(bulk)
        if self._is_long():
            workflow.continue_as_new(bulk)
        return True

    async def _until_approved(self, bulk: BulkRun) -> None:
        """Waits for the row to say so: told by the signal, and looking now and then, should that be lost."""
        while not self._is_long():
            is_approved: bool = await workflow.execute_local_activity(
                Activity.JUDGE_CANARIES,
                bulk,
                result_type=bool,
                start_to_close_timeout=RECORD_TIMEOUT,
                retry_policy=UNTIL_WRITTEN,
            )
            heed_cancel()
            if is_approved:
                return
            workflow.set_current_details("The first candidates have ended; the others wait for **approval**")
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(lambda: self._is_told, timeout=LOOK_AGAIN)
            self._is_told = False

    async def _run_lanes(self, bulk: BulkRun, until: str | None = None) -> None:
        """Lanes until nothing is left up to the candidate `until`, or this history has grown long."""
        heed_cancel()
        self._lanes = []
        self._widen(bulk, until, self._plan.lanes)
        try:
            await workflow.wait_condition(lambda: all(lane.done() for lane in self._lanes))
        except asyncio.CancelledError:
            for lane in self._lanes:
                lane.cancel()
            # With `return_exceptions` it waits for every lane to stop, not only for the first.
            await asyncio.gather(*self._lanes, return_exceptions=True)
            raise

    def _widen(self, bulk: BulkRun, until: str | None, lanes: int) -> None:
        """Lanes for slots that there were not before. Lanes without a slot only wait, so they are never taken away."""
        for number in range(len(self._lanes), lanes):
            run = LaneRun(bulk=bulk, lane=number, at_once=self._plan.at_once, until=until)
            self._lanes.append(asyncio.create_task(self._lane(run)))
        workflow.set_current_details(f"In **{len(self._lanes)}** lanes")

    async def _lane(self, run: LaneRun) -> None:
        while not self._is_long():
            cuts = self.waits.cuts
            try:
                done = await self._slice(run)
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                workflow.logger.warning("A lane broke; the end of the bulk names the jobs that it has left open")
                return
            if not done.is_left:
                return
            heed_cancel()
            self._widen(run.bulk, run.until, done.lanes)
            if done.wait_s:
                await self.waits.sleep(timedelta(seconds=done.wait_s), cuts)

    async def _slice(self, lane: LaneRun) -> Slice:
        done: Slice = await workflow.execute_activity(
            Activity.RUN_LANE,
            lane,
            result_type=Slice,
            start_to_close_timeout=SLICE_TIMEOUT,
            heartbeat_timeout=max(HEARTBEAT_TIMEOUT, len(self._lanes) * SILENCE_PER_LANE),
            retry_policy=UNTIL_WRITTEN,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=Priority(priority_key=lane.bulk.priority_key, fairness_key=f"bulk:{lane.bulk.job_id}"),
        )
        return done

    def _is_long(self) -> bool:
        return workflow.info().get_current_history_length() > self._plan.events_per_run
