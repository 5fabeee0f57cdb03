"""Every way in which a model fails, in our words, and what is done about it: one table.

The action says what this attempt still tries. What is left then is an error of the product, whose class says whether
another attempt can help. Messages name the model and never quote it: an exception of the libraries holds the model's
answer or the provider's body, in its text, its attributes or its chain, so none of them leaves this package.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from http import HTTPStatus

from pydantic_ai import exceptions as raised

from enrichment.errors import (
    ContentRefused,
    ContextTooLong,
    CutOff,
    EnrichmentError,
    InvalidOutput,
    ProviderAuth,
    ProviderOverloaded,
    ProviderQuota,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)

LONGEST_WAIT = timedelta(minutes=10)
"""A provider that asks for more is asked again after this."""


class Action(Enum):
    """What follows a failure, before the chain goes on to its next model."""

    RETRY = auto()
    """Another attempt, after the time that the provider asks for or the queue's backoff."""
    WAIT = auto()
    """Nobody asks this model until its time has come; it counts as no attempt."""
    SHRINK = auto()
    """Once, with a shorter candidate."""
    EXTEND = auto()
    """Once, with room for a longer answer."""
    ANEW = auto()
    """Another attempt, which does not read the same answer again."""
    FAIL = auto()
    """No attempt can mend it; a next model may."""
    ALERT = auto()
    """As `FAIL`, and an operator has to look: a fallback would hide it for ever."""


Test = Callable[[BaseException], bool]


@dataclass(frozen=True, slots=True)
class Failure:
    """One row: what was raised, what it is to us, and what is done. `when` limits it to what the provider said."""

    raised: type[BaseException]
    error: type[EnrichmentError]
    action: Action
    says: str
    when: Test = lambda _: True

    def fits(self, error: BaseException) -> bool:
        return isinstance(error, self.raised) and self.when(error)


def _status(status: HTTPStatus) -> Test:
    return lambda error: getattr(error, "status_code", None) == status


def _code(pattern: str) -> Test:
    """Each server has names of its own for the same; some call it the code of the error, others its type."""
    named = re.compile(pattern, re.IGNORECASE)
    names = ("provider_error_code", "provider_error_type")
    return lambda error: any(named.search(getattr(error, name, None) or "") for name in names)


_TOO_LONG = _code(r"context_(size|length|window)|too_(long|large)|above_max_length")
_FILTERED = _code(r"content_?filter|policy_?violation|moderation|safety|inspection|invalid_prompt")

FAILURES = (
    Failure(raised.ModelQuotaExceededError, ProviderQuota, Action.ALERT, "has no quota left for this key"),
    Failure(raised.ModelRateLimitError, ProviderRateLimited, Action.WAIT, "asks for a pause"),
    Failure(raised.ModelOverloadedError, ProviderOverloaded, Action.RETRY, "is overloaded"),
    Failure(raised.ModelUnavailableError, ProviderUnavailable, Action.RETRY, "is not available"),
    Failure(raised.ModelServerError, ProviderUnavailable, Action.RETRY, "failed on its side"),
    Failure(raised.ModelTimeoutError, ProviderTimeout, Action.RETRY, "did not answer in time"),
    Failure(raised.ModelRequestTimeout, ProviderTimeout, Action.RETRY, "did not answer in time"),
    Failure(TimeoutError, ProviderTimeout, Action.RETRY, "did not answer in time"),
    Failure(raised.ModelConnectionError, ProviderUnavailable, Action.RETRY, "cannot be reached"),
    Failure(raised.ModelContextWindowExceededError, ContextTooLong, Action.SHRINK, "cannot take so long a text"),
    Failure(raised.ModelAuthenticationError, ProviderAuth, Action.ALERT, "refuses the key"),
    Failure(raised.ModelNotFoundError, ProviderAuth, Action.ALERT, "is not known to the provider under this name"),
    Failure(raised.ModelRequestRejectedError, ContextTooLong, Action.SHRINK, "cannot take so long a text", _TOO_LONG),
    Failure(raised.ModelRequestRejectedError, ContentRefused, Action.FAIL, "refuses this content", _FILTERED),
    Failure(raised.ModelRequestRejectedError, ProviderAuth, Action.ALERT, "does not take requests as we make them"),
    Failure(
        raised.ModelHTTPError,
        ContextTooLong,
        Action.SHRINK,
        "cannot take so long a text",
        _status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ),
    Failure(
        raised.ModelHTTPError,
        ProviderTimeout,
        Action.RETRY,
        "did not answer in time",
        _status(HTTPStatus.REQUEST_TIMEOUT),
    ),
    Failure(raised.ModelAPIError, ProviderUnavailable, Action.RETRY, "gave an answer that cannot be read"),
    Failure(raised.ContentFilterError, ContentRefused, Action.FAIL, "refuses this content"),
    Failure(raised.OutputTokenLimitExceeded, CutOff, Action.EXTEND, "ran out of tokens"),
    Failure(raised.UnexpectedModelBehavior, InvalidOutput, Action.ANEW, "gave an answer of the wrong form"),
    Failure(raised.UsageLimitExceeded, InvalidOutput, Action.ANEW, "did not come to an end"),
)
"""The first row that fits counts, so a subclass stands before its base."""


def failure_of(error: BaseException) -> Failure | None:
    """The row of what a library raised; None for what is no failure of a model."""
    return next((failure for failure in FAILURES if failure.fits(error)), None)


def told(error: BaseException, model: str) -> EnrichmentError | None:
    """The error in our words, to be raised outside of the handler: so it has no cause and no context."""
    failure = failure_of(error)
    if failure is None:
        return None
    return failure.error(f"The model {model} {failure.says}", retry_after=_retry_after(error))


def _retry_after(error: BaseException) -> timedelta | None:
    """How long the provider asks to wait. The library knows whole seconds and dates; some servers send fractions."""
    seconds: float | None = getattr(error, "retry_after", None)
    if seconds is None:
        headers: Mapping[str, str] = getattr(error, "headers", None) or {}
        try:
            seconds = float(headers.get("retry-after", ""))
        except ValueError:
            return None
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())) if seconds >= 0 else None


def action_of(error: EnrichmentError) -> Action:
    """What follows an error of ours. An error that is in no row is not a model's: nothing here mends it."""
    return next((failure.action for failure in FAILURES if type(error) is failure.error), Action.FAIL)
