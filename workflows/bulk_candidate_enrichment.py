"""Enriches many candidates: a child workflow per batch, so many at a time as the queue has slots.

The candidates are rows; the batches know them by number alone, so this history grows with the batches and not with the
candidates. After many batches, all of them ended, it goes on as a new run: children must not be open then, since
continuing as new would end them.
"""

import asyncio
from datetime import timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ChildWorkflowError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import Activity, BatchRun, BulkRun, Plan, Slice

from workflows.attempts import HEARTBEAT_TIMEOUT
from workflows.lifecycle import RECORD_TIMEOUT, UNTIL_WRITTEN, JobWorkflow

SLICE_TIMEOUT = timedelta(minutes=6)
"""One activity of a batch: its time slice, and the job that was running when it ended."""


@workflow.defn
class BulkCandidateEnrichment(JobWorkflow):
    finish: ClassVar[Activity] = Activity.CLOSE_BULK

    @workflow.run
    async def run(self, bulk: BulkRun) -> str:
        return await self.conclude(bulk, self._batches(bulk))

    async def _batches(self, bulk: BulkRun) -> bool:
        plan: Plan | None = await workflow.execute_local_activity(
            Activity.OPEN_BULK,
            bulk,
            result_type=Plan | None,  # type: ignore[arg-type]
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=UNTIL_WRITTEN,
        )
        if plan is None:
            return False
        last = min(bulk.first_batch + plan.per_run, plan.batches)
        workflow.set_current_details(f"Batches **{bulk.first_batch}** to **{last}** of **{plan.batches}**")
        slots = asyncio.Semaphore(plan.at_once)
        # With `return_exceptions` a cancelled gather waits for every child to stop, not only for the first.
        batches = (self._batch(bulk, batch, slots) for batch in range(bulk.first_batch, last))
        await asyncio.gather(*batches, return_exceptions=True)
        if last < plan.batches:
            workflow.continue_as_new(bulk.model_copy(update={"first_batch": last}))
        return True

    async def _batch(self, bulk: BulkRun, batch: int, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                await workflow.execute_child_workflow(
                    CandidateBatch.run,
                    BatchRun(bulk=bulk, batch=batch),
                    id=f"{workflow.info().workflow_id}.{batch}",
                    cancellation_type=workflow.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
                    static_summary=f"batch {batch}",
                )
            except ChildWorkflowError as error:
                if is_cancelled_exception(error):
                    raise
                workflow.logger.warning("A batch ended without its jobs; the end of the bulk names them")


@workflow.defn
class CandidateBatch:
    """One batch: an activity runs its jobs in one slot for a time slice, then stands in line again with the rest."""

    @workflow.run
    async def run(self, batch: BatchRun) -> None:
        while True:
            done: Slice = await workflow.execute_activity(
                Activity.RUN_BATCH,
                batch,
                result_type=Slice,
                start_to_close_timeout=SLICE_TIMEOUT,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=UNTIL_WRITTEN,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                priority=Priority(priority_key=batch.bulk.priority_key, fairness_key=f"bulk:{batch.bulk.job_id}"),
            )
            if not done.left:
                return
            if done.wait_s:
                await workflow.sleep(done.wait_s)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(batch)
