"""Enriches many candidates, in as many lanes as the queue has slots.

The candidates are rows. A lane is one slot's share of them: its activity begins the next jobs, runs them one after
another, and gives the slot back when its time is over or nothing is left. So this history grows with time and lanes and
not with the candidates. When it has grown long it goes on as a new run, once every lane has given its slot back.
"""

import asyncio
from datetime import timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import Activity, BulkRun, LaneRun, Plan, Slice

from workflows.attempts import HEARTBEAT_TIMEOUT
from workflows.lifecycle import RECORD_TIMEOUT, UNTIL_WRITTEN, JobWorkflow

SLICE_TIMEOUT = timedelta(minutes=7)
"""One activity of a lane: the longest that it keeps its slot, and the job that was running at the end of that."""


@workflow.defn
class BulkCandidateEnrichment(JobWorkflow):
    finish: ClassVar[Activity] = Activity.CLOSE_BULK

    def __init__(self) -> None:
        super().__init__()
        self._lanes: list[asyncio.Task[None]] = []
        self._plan = Plan(lanes=0)

    @workflow.run
    async def run(self, bulk: BulkRun) -> str:
        return await self.conclude(bulk, self._enrich_all(bulk))

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
        self._widen(bulk, plan.lanes)
        try:
            await workflow.wait_condition(lambda: all(lane.done() for lane in self._lanes))
        except asyncio.CancelledError:
            for lane in self._lanes:
                lane.cancel()
            # With `return_exceptions` it waits for every lane to stop, not only for the first.
            await asyncio.gather(*self._lanes, return_exceptions=True)
            raise
        if self._is_long():
            workflow.continue_as_new(bulk)
        return True

    def _widen(self, bulk: BulkRun, lanes: int) -> None:
        """Lanes for slots that there were not before. Lanes without a slot only wait, so they are never taken away."""
        for number in range(len(self._lanes), lanes):
            self._lanes.append(asyncio.create_task(self._lane(bulk, number)))
        workflow.set_current_details(f"In **{len(self._lanes)}** lanes")

    async def _lane(self, bulk: BulkRun, number: int) -> None:
        while not self._is_long():
            try:
                done = await self._slice(LaneRun(bulk=bulk, lane=number, at_once=self._plan.at_once))
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                workflow.logger.warning("A lane broke; the end of the bulk names the jobs that it has left open")
                return
            if not done.is_left:
                return
            self._widen(bulk, done.lanes)
            if done.wait_s:
                await workflow.sleep(done.wait_s)

    async def _slice(self, lane: LaneRun) -> Slice:
        done: Slice = await workflow.execute_activity(
            Activity.RUN_LANE,
            lane,
            result_type=Slice,
            start_to_close_timeout=SLICE_TIMEOUT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=UNTIL_WRITTEN,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=Priority(priority_key=lane.bulk.priority_key, fairness_key=f"bulk:{lane.bulk.job_id}"),
        )
        return done

    def _is_long(self) -> bool:
        return workflow.info().get_current_history_length() > self._plan.events_per_run
