"""The attempts at one step. The waits between them are the workflow's timers, so they outlive every process.

Not each failure is the same. One that may pass is tried again after the backoff, or after the time that the provider
asked for. One that was put off, because its worker shuts down or the database is away, does not count. An attempt that
nobody hears of any more has lost its worker: it counts, and Temporal itself makes the next one at once, without waiting
for this workflow, whose own worker is likely to be the one that died.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from enrichment import errors, queues
    from enrichment.runs import POSTPONED, Activity, JobRun

HEARTBEAT_TIMEOUT = timedelta(seconds=2)
"""An attempt that is silent for so long has lost its worker. It beats four times in this time."""


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


class Waits:
    """The waits of one run. They are cut short when what they wait for may have changed."""

    def __init__(self) -> None:
        self.cuts = 0
        """How often they were. It is read before the look at what is waited for, so that no cut is missed."""

    def cut(self) -> None:
        self.cuts += 1

    async def sleep(self, delay: timedelta, cuts: int) -> None:
        """Sleeps so long, or until they are cut short once more than `cuts` times."""
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: self.cuts > cuts, timeout=delay)


async def take(job: JobRun, steps: Sequence[Step], waits: Waits) -> str | bool:
    """Takes the steps in turn. The status that the last one has ended the row in, or whether the job is still ours.

    Raises:
        ActivityError: a step failed for good, or was cancelled.
    """
    answer: str | bool = True
    for step in steps:
        heed_cancel()
        answer = await _take(job.model_copy(update={"is_last_step": step is steps[-1]}), step, waits)
        if not answer:
            break
    return answer


async def _take(job: JobRun, step: Step, waits: Waits) -> str | bool:
    while True:
        cuts = waits.cuts
        workflow.set_current_details(f"**{step.activity}**, attempt {job.attempt} of {job.max_retries + 1}")
        try:
            answer: str | bool = await workflow.execute_activity(
                step.activity,
                job,
                result_type=str | bool,  # type: ignore[arg-type]
                start_to_close_timeout=step.attempt_timeout,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=_when_its_worker_dies(job),
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                priority=Priority(priority_key=job.priority_key, fairness_key=job.fairness_key),
            )
        except ActivityError as error:
            following = after(job, error)
            if following is None:
                raise
            job = following.job
            heed_cancel()
            if following.delay:
                await waits.sleep(following.delay, cuts)
        else:
            return answer


def heed_cancel() -> None:
    """Stops this task if a cancel crossed the answer of an activity: the SDK gives the answer and forgets the cancel.

    Raises:
        asyncio.CancelledError: the task was cancelled before, and went on.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def after(job: JobRun, error: ActivityError) -> Next | None:
    """What follows a failed attempt; None when nothing does."""
    failure = error.cause
    if not isinstance(failure, ApplicationError):
        return None  # cancelled, or lost its worker with the last attempt
    milestone, attempt = (*failure.details, job.milestone, job.attempt)[:2] if failure.details else (0, job.attempt)
    job = job.model_copy(update={"milestone": max(milestone, job.milestone), "attempt": attempt})
    if failure.type == POSTPONED:
        return Next(job, failure.next_retry_delay or timedelta())
    kind = errors.BY_CODE.get(failure.type or "")
    if kind is None or not kind.retryable or job.attempt > job.max_retries:
        return None
    delay = failure.next_retry_delay or queues.BACKOFF.delay(job.attempt)
    return Next(job.model_copy(update={"attempt": job.attempt + 1}), delay)


def _when_its_worker_dies(job: JobRun) -> RetryPolicy:
    """As many attempts as the job has left. Failures that an attempt tells of itself end it: they are `after`'s."""
    return RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=job.max_retries + 2 - job.attempt)
