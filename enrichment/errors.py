"""Every failure the product speaks of, with its stable code, HTTP status and whether trying again can help.

    EnrichmentError
    ├── RequestError            the caller can mend it
    │   ├── InvalidInput            invalid_input          422
    │   │   ├── Malformed           invalid_input          400   not JSON, or not text that PostgreSQL can hold
    │   │   ├── TooSlow             invalid_input          408
    │   │   ├── TooLarge            invalid_input          413
    │   │   └── NotJson             invalid_input          415
    │   ├── UnsupportedType         unsupported_type       422
    │   ├── Conflict                conflict               409
    │   ├── NotFound                not_found              404
    │   ├── Unauthorized            unauthorized           401
    │   ├── Forbidden               forbidden              403
    │   └── RateLimited             rate_limited           429   retry
    ├── ProviderError           the model's provider
    │   ├── ProviderRateLimited     provider_rate_limited  503   retry
    │   │   └── CoolingDown         provider_rate_limited  503   retry, and counts as no attempt
    │   ├── ProviderOverloaded      provider_overloaded    503   retry
    │   ├── ProviderTimeout         provider_timeout       504   retry
    │   ├── ProviderUnavailable     provider_unavailable   503   retry
    │   ├── ProviderAuth            provider_auth          502
    │   ├── ProviderQuota           provider_quota         502
    │   ├── ContextTooLong          context_too_long       422
    │   └── ContentRefused          content_refused        422
    ├── OutputError             what the model answered
    │   ├── InvalidOutput           invalid_output         502   retry
    │   │   └── CutOff                  invalid_output         502   retry
    │   └── UnfaithfulOutput        unfaithful_output      502
    ├── BudgetExceeded          budget_exceeded            402
    │   └── BudgetReserved          budget_exceeded            402
    ├── StorageUnavailable      storage_unavailable        503   retry
    └── Internal                internal                   500

A message is written for the person who reads the job. It never holds a candidate's data or a model's output: both would
travel into Temporal's history and the logs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: `pointer` is the JSON pointer of the field, `""` for the body as a whole."""

    pointer: str
    reason: str


class EnrichmentError(Exception):
    """The root. Subclasses state `code`, `http_status`, `retryable` and `title`; the message is the detail."""

    code: ClassVar[str]
    http_status: ClassVar[int]
    retryable: ClassVar[bool] = False
    title: ClassVar[str]

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class RequestError(EnrichmentError):
    """The caller can mend it."""


class InvalidInput(RequestError):
    """The request was read but says something impossible; `faults` names each field."""

    code = "invalid_input"
    http_status = 422
    title = "The request is not valid"

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class Malformed(InvalidInput):
    """The body could not be read at all."""

    http_status = 400
    title = "The body cannot be read"


class TooSlow(InvalidInput):
    """The rest of the body does not come; the caller may have gone."""

    http_status = 408
    title = "The body does not come"


class TooLarge(InvalidInput):
    http_status = 413
    title = "The body is too large"


class NotJson(InvalidInput):
    http_status = 415
    title = "The body is not JSON"


class UnsupportedType(RequestError):
    code = "unsupported_type"
    http_status = 422
    title = "There is no such job type"

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class Conflict(RequestError):
    code = "conflict"
    http_status = 409
    title = "The job's state does not allow this"


class NotFound(RequestError):
    code = "not_found"
    http_status = 404
    title = "Not found"


class Unauthorized(RequestError):
    code = "unauthorized"
    http_status = 401
    title = "A key is required"


class Forbidden(RequestError):
    code = "forbidden"
    http_status = 403
    title = "The key does not allow this"


class RateLimited(RequestError):
    code = "rate_limited"
    http_status = 429
    retryable = True
    title = "Too many requests"


class ProviderError(EnrichmentError):
    """The model's provider failed or refused."""


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"
    http_status = 503
    retryable = True
    title = "The model's provider limits the rate"


class CoolingDown(ProviderRateLimited):
    """Nobody may ask the provider before `retry_after`: the job waits for it, without a slot and without an attempt.

    `because` is what it would have failed with, had it not waited.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: timedelta | None = None,
        because: type[EnrichmentError] = ProviderRateLimited,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.because = because


class ProviderOverloaded(ProviderError):
    code = "provider_overloaded"
    http_status = 503
    retryable = True
    title = "The model's provider is overloaded"


class ProviderTimeout(ProviderError):
    code = "provider_timeout"
    http_status = 504
    retryable = True
    title = "The model's provider did not answer in time"


class ProviderUnavailable(ProviderError):
    code = "provider_unavailable"
    http_status = 503
    retryable = True
    title = "The model's provider cannot be reached"


class ProviderAuth(ProviderError):
    code = "provider_auth"
    http_status = 502
    title = "The model's provider refuses our key"


class ProviderQuota(ProviderError):
    code = "provider_quota"
    http_status = 502
    title = "The quota at the model's provider is used up"


class ContextTooLong(ProviderError):
    code = "context_too_long"
    http_status = 422
    title = "The candidate's data is too long for the model"


class ContentRefused(ProviderError):
    code = "content_refused"
    http_status = 422
    title = "The model refuses this content"


class OutputError(EnrichmentError):
    """The model answered something that cannot be used."""


class InvalidOutput(OutputError):
    code = "invalid_output"
    http_status = 502
    retryable = True
    title = "The model's answer has the wrong form"


class CutOff(InvalidOutput):
    """The answer is longer than the tokens allowed for it."""


class UnfaithfulOutput(OutputError):
    code = "unfaithful_output"
    http_status = 502
    title = "The model's answer is not supported by the candidate's data"


class BudgetExceeded(EnrichmentError):
    code = "budget_exceeded"
    http_status = 402
    title = "The budget is used up"


class BudgetReserved(BudgetExceeded):
    """Less is left only for as long as calls under way hold what they have reserved: `retry_after` says when to ask."""


class StorageUnavailable(EnrichmentError):
    code = "storage_unavailable"
    http_status = 503
    retryable = True
    title = "The database cannot be reached"


class Internal(EnrichmentError):
    code = "internal"
    http_status = 500
    title = "Something went wrong on our side"


def _leaves(root: type[EnrichmentError]) -> Iterator[type[EnrichmentError]]:
    for child in root.__subclasses__():
        if "code" in vars(child):
            yield child
        yield from _leaves(child)


BY_CODE: dict[str, type[EnrichmentError]] = {error.code: error for error in _leaves(EnrichmentError)}
"""The class that owns each code (a subclass that shares its parent's code is not listed)."""
