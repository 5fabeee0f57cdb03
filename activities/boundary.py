"""Where errors leave an activity: what Temporal stores of them is a code and a sentence, never a candidate's data."""

from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from enrichment.errors import EnrichmentError, Internal


def ours(error: Exception) -> EnrichmentError:
    """The error in our words. Of an unexpected one the class alone: its message may quote the data it stumbled over."""
    if isinstance(error, EnrichmentError):
        return error
    return Internal(f"The work failed unexpectedly ({type(error).__name__})")


def for_temporal(error: Exception) -> ApplicationError:
    """The error as Temporal keeps it: its type is our code, and Temporal retries it if we say that this can help."""
    if isinstance(error, ApplicationError):
        return error
    told = ours(error)
    return ApplicationError(
        told.message, type=told.code, non_retryable=not told.retryable, next_retry_delay=told.retry_after
    )


class Boundary(Interceptor):
    """Translates whatever any activity raises."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 SDK's name
        return _Translated(next)


class _Translated(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 SDK's name
        try:
            return await super().execute_activity(input)
        except Exception as error:
            raise for_temporal(error) from None
