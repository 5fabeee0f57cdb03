"""The life of a job, stated once; a job type adds its steps.

    steps (each an activity with the retries of its queue) ──▶ finish (retried until it is written)

Whatever happens to the steps, `finish` writes one ending. The row may have ended before, by a cancel: then the row
stands, and `finish` says so.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from enrichment import queues
    from enrichment.runs import Activity, Ending, JobRun
    from enrichment.search_attributes import JOB_STATUS

HEARTBEAT_TIMEOUT = timedelta(seconds=2)
"""An attempt that is silent for so long is taken to be dead and is retried. It beats four times in this time."""


@dataclass(frozen=True, slots=True)
class Step:
    """One activity of a job. `attempt_timeout` bounds one attempt; what it calls is bounded by less."""

    activity: Activity
    attempt_timeout: timedelta


ENRICH = Step(Activity.ENRICH, timedelta(minutes=5))
RENDER = Step(Activity.RENDER, timedelta(minutes=1))

UNTIL_WRITTEN = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5))
RECORD_TIMEOUT = timedelta(seconds=20)
"""One attempt to write to the record; the statement itself gives up sooner."""


def retries(job: JobRun) -> RetryPolicy:
    """The attempts of a step: one, and as many retries as the row allows."""
    return RetryPolicy(
        initial_interval=queues.BACKOFF.initial,
        backoff_coefficient=queues.BACKOFF.coefficient,
        maximum_interval=queues.BACKOFF.maximum,
        maximum_attempts=job.max_retries + 1,
    )


class JobWorkflow:
    """Base of the workflows: the signal that stops a job, and its way from the steps to an ending."""

    finish: ClassVar[Activity] = Activity.FINISH
    """The local activity that writes the ending."""

    def __init__(self) -> None:
        self._work: asyncio.Task[bool] | None = None
        self._stop_reason: str | None = None

    @workflow.signal
    def cancel(self, reason: str) -> None:
        """Stops the work. The row was cancelled before this signal was sent."""
        self._stop_reason = reason
        if self._work is not None:
            self._work.cancel()

    async def live(self, job: JobRun, steps: Sequence[Step]) -> str:
        """Runs the steps, then writes the ending; returns the status that the row has ended in."""
        return await self.conclude(job, self._take(job, steps))

    async def conclude(self, job: JobRun, work: Coroutine[Any, Any, bool]) -> str:
        """Waits for `work`, which answers whether the job is still ours, and writes the ending, whatever it is."""
        self._work = asyncio.create_task(work)
        if self._stop_reason is not None:
            self._work.cancel()
        try:
            is_ours = await self._work
            ending = Ending(job=job, status="completed" if is_ours else "superseded")
        except (ActivityError, asyncio.CancelledError) as error:
            ending = self._ending_after(job, error)
        status: str = await workflow.execute_local_activity(
            self.finish,
            ending,
            result_type=str,
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=UNTIL_WRITTEN,
        )
        workflow.upsert_search_attributes([JOB_STATUS.value_set(status)])
        workflow.set_current_details(f"Ended: **{status}**")
        if ending.status == "cancelled" and self._stop_reason is None:
            raise asyncio.CancelledError  # an operator has cancelled the run in Temporal, and is to see it as cancelled
        return status

    async def _take(self, job: JobRun, steps: Sequence[Step]) -> bool:
        for step in steps:
            workflow.set_current_details(f"Step: **{step.activity}**")
            is_ours: bool = await workflow.execute_activity(
                step.activity,
                job,
                result_type=bool,
                start_to_close_timeout=step.attempt_timeout,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=retries(job),
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                priority=Priority(priority_key=job.priority_key, fairness_key=job.tenant),
            )
            if not is_ours:
                return False
        return True

    def _ending_after(self, job: JobRun, error: BaseException) -> Ending:
        if is_cancelled_exception(error):
            reason = self._stop_reason or "cancelled in Temporal"
            return Ending(job=job, status="cancelled", error=reason)
        cause = error.__cause__
        if isinstance(cause, ApplicationError) and cause.type is not None:
            return Ending(job=job, status="failed", error_code=cause.type, error=cause.message)
        if isinstance(cause, ActivityTimeoutError):
            message = "The last attempt was not heard of any more: its worker died or took too long"
            return Ending(job=job, status="failed", error_code="internal", error=message)
        return Ending(job=job, status="failed", error_code="internal", error="The work failed in an unexpected way")
