"""The life of a job, stated once; a job type adds its steps.

    steps (each an activity, with the attempts of its queue) ──▶ finish (retried until it is written)

The last step writes a good ending together with its result. Whatever else happens to the steps, `finish` writes one
ending. The row may have ended before, by a cancel: then the row stands, and `finish` says so.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import Activity, Ending, JobRun
    from enrichment.search_attributes import JOB_STATUS

from workflows.attempts import Step, Waits, take

ENRICH = Step(Activity.ENRICH, timedelta(minutes=5))
RENDER = Step(Activity.RENDER, timedelta(minutes=1))

UNTIL_WRITTEN = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5))
RECORD_TIMEOUT = timedelta(seconds=20)
"""One attempt to write to the record; the statement itself gives up sooner."""


class JobWorkflow:
    """Base of the workflows: the signals that stop a job and wake it, and its way from the steps to an ending."""

    finish: ClassVar[Activity] = Activity.FINISH
    """The local activity that writes the ending."""

    def __init__(self) -> None:
        self._work: asyncio.Task[str | bool] | None = None
        self._stop_reason: str | None = None
        self.waits = Waits()

    @workflow.signal
    def cancel(self, reason: str) -> None:
        """Stops the work. The row was cancelled before this signal was sent."""
        self._stop_reason = reason
        if self._work is not None:
            self._work.cancel()

    @workflow.signal
    def wake(self) -> None:
        """Has what is put off tried now. Its row was made due before this signal was sent."""
        self.waits.cut()

    async def live(self, job: JobRun, steps: Sequence[Step]) -> str:
        """Runs the steps, then writes the ending; returns the status that the row has ended in."""
        return await self.conclude(job, take(job, steps, self.waits))

    async def conclude(self, job: JobRun, work: Coroutine[Any, Any, str | bool]) -> str:
        """Waits for `work`, and writes the ending, whatever it is, unless `work` has: then it answers with the status.

        Else it answers whether the job is still ours. A failed job's run fails in Temporal too, so that an operator
        finds it among the failures.
        """
        self._work = asyncio.create_task(work)
        if self._stop_reason is not None:
            self._work.cancel()
        try:
            answer = await self._work
            if isinstance(answer, str):
                return _shown(answer)
            ending = Ending(job=job, status="completed" if answer else "superseded")
        except (ActivityError, asyncio.CancelledError) as error:
            ending = self._ending_after(job, error)
        status: str = await workflow.execute_local_activity(
            self.finish,
            ending,
            result_type=str,
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=UNTIL_WRITTEN,
        )
        _shown(status)
        if status == "failed":
            raise ApplicationError(ending.error or "", type=ending.error_code, non_retryable=True)
        if ending.status == "cancelled" and self._stop_reason is None:
            raise asyncio.CancelledError  # as the operator who cancelled the run in Temporal expects to see it
        return status

    def _ending_after(self, job: JobRun, error: BaseException) -> Ending:
        if is_cancelled_exception(error):
            reason = self._stop_reason or "cancelled in Temporal"
            return Ending(job=job, status="cancelled", error=reason)
        cause = error.cause if isinstance(error, ActivityError) else None
        if isinstance(cause, ApplicationError) and cause.type is not None:
            return Ending(job=job, status="failed", error_code=cause.type, error=cause.message)
        if isinstance(cause, ActivityTimeoutError):
            message = "The last attempt was not heard of any more: its worker died or took too long"
            return Ending(job=job, status="failed", error_code="internal", error=message)
        return Ending(job=job, status="failed", error_code="internal", error="The work failed in an unexpected way")


def _shown(status: str) -> str:
    """Tells those who look at Temporal how the run has ended."""
    workflow.upsert_search_attributes([JOB_STATUS.value_set(status)])
    workflow.set_current_details(f"Ended: **{status}**")
    return status
