"""Where errors leave an activity: what Temporal stores of them is a code and a sentence, never a candidate's data."""

import asyncio
import logging
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from enrichment.errors import CoolingDown, EnrichmentError, Internal, StorageUnavailable
from enrichment.events import WORK_UNFORESEEN
from enrichment.runs import POSTPONED

STORAGE_DELAY = timedelta(seconds=1)
BENIGN = ApplicationErrorCategory.BENIGN
"""Kept out of the metric of failures."""

log = logging.getLogger(__name__)


def ours(error: Exception, job_id: str) -> EnrichmentError:
    """The error in our words. Of an unforeseen one the class alone: its message may quote the data it stumbled over."""
    if isinstance(error, EnrichmentError):
        return error
    log.error("The work failed as nobody foresaw", extra=WORK_UNFORESEEN.fields(job_id=job_id), exc_info=error)
    return Internal(f"The work failed unexpectedly ({type(error).__name__})")


def for_temporal(error: BaseException) -> BaseException:
    """The error as Temporal keeps it: its type is our code, and Temporal retries it if we say that this can help.

    What was stopped because its worker shuts down has not failed: it is put off, to be done elsewhere at once. Nor has
    what could not reach the database, or may not ask the provider yet: it is put off until that answers.
    """
    if isinstance(error, asyncio.CancelledError):
        return put_off("The worker shuts down") if activity.is_worker_shutdown() else error
    if isinstance(error, ApplicationError) or not isinstance(error, Exception):
        return error
    if isinstance(error, StorageUnavailable):
        return put_off(error.message, STORAGE_DELAY)
    told = ours(error, activity.info().workflow_id or "")
    if isinstance(told, CoolingDown):
        return put_off(told.message, told.retry_after)
    return ApplicationError(
        told.message, type=told.code, non_retryable=not told.retryable, next_retry_delay=told.retry_after
    )


def for_workflow(error: BaseException, milestone: int, attempt: int) -> BaseException:
    """The error as the workflow reads it, which itself decides on the next attempt, from what this one has reached."""
    told = for_temporal(error)
    if not isinstance(told, ApplicationError):
        return told
    return ApplicationError(
        told.message,
        milestone,
        attempt,
        type=told.type,
        non_retryable=True,
        next_retry_delay=told.next_retry_delay,
        category=told.category,
    )


def put_off(why: str, delay: timedelta | None = None) -> ApplicationError:
    """The end of an attempt that does not count."""
    return ApplicationError(why, type=POSTPONED, next_retry_delay=delay, category=BENIGN)


class Boundary(Interceptor):
    """Translates whatever any activity raises."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 SDK's name
        return _Translated(next)


class _Translated(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 SDK's name
        try:
            return await super().execute_activity(input)
        except (Exception, asyncio.CancelledError) as error:
            raise for_temporal(error) from None
