"""The attempts at one step. The waits between them are the workflow's timers, so they outlive every process.

Not each failure is the same. One that may pass is tried again after the backoff, or after the time that the provider
asked for. An attempt that nobody hears of any more lost its worker: it is tried again at once, and counts. One that was
put off, because its worker is shutting down or its provider asks everybody to wait, does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError  # noqa: A004 Temporal's name

with workflow.unsafe.imports_passed_through():
    from enrichment import queues
    from enrichment.runs import POSTPONED, Activity, JobRun

HEARTBEAT_TIMEOUT = timedelta(seconds=2)
"""An attempt that is silent for so long has lost its worker. It beats four times in this time."""
ONCE = RetryPolicy(maximum_attempts=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One activity of a job. `attempt_timeout` bounds one attempt; what it calls is bounded by less."""

    activity: Activity
    attempt_timeout: timedelta


@dataclass(frozen=True, slots=True)
class Next:
    """The attempt after one that failed: `job` carries its number and the milestone that it goes on from."""

    job: JobRun
    delay: timedelta


async def take(job: JobRun, steps: Sequence[Step]) -> bool:
    """Takes the steps in turn; answers whether the job is still ours.

    Raises:
        ActivityError: a step failed for good, or was cancelled.
    """
    for step in steps:
        if not await _take(job, step):
            return False
    return True


async def _take(job: JobRun, step: Step) -> bool:
    while True:
        workflow.set_current_details(f"**{step.activity}**, attempt {job.attempt} of {job.max_retries + 1}")
        try:
            is_ours: bool = await workflow.execute_activity(
                step.activity,
                job,
                result_type=bool,
                start_to_close_timeout=step.attempt_timeout,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=ONCE,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                priority=Priority(priority_key=job.priority_key, fairness_key=job.tenant),
            )
        except ActivityError as error:
            following = after(job, error)
            if following is None:
                raise
            job = following.job
            if following.delay:
                await workflow.sleep(following.delay)
        else:
            return is_ours


def after(job: JobRun, error: ActivityError) -> Next | None:
    """What follows a failed attempt; None when nothing does."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == POSTPONED:
        return Next(_reached(job, cause.details), cause.next_retry_delay or timedelta())
    if job.attempt > job.max_retries:
        return None
    following = job.model_copy(update={"attempt": job.attempt + 1})
    if isinstance(cause, TimeoutError):
        return Next(_reached(following, cause.last_heartbeat_details), timedelta())
    if isinstance(cause, ApplicationError) and not cause.non_retryable:
        delay = cause.next_retry_delay or queues.BACKOFF.delay(job.attempt)
        return Next(_reached(following, cause.details), delay)
    return None


def _reached(job: JobRun, details: Sequence[object]) -> JobRun:
    """The job with the milestone that the attempt told of, with its failure or its last heartbeat."""
    milestone = next((detail for detail in details if isinstance(detail, int)), job.milestone)
    return job.model_copy(update={"milestone": max(milestone, job.milestone)})
