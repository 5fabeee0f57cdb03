"""What each request of an enrichment used."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from enrichment.results import Usage


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request. `cached`: another job had paid for the answer, and this one is billed nothing.

    An answer that this very job paid in an earlier attempt counts in full: it was paid once, and by this job.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    usage_reported: bool
    cached: bool


def total(requests: Sequence[Request]) -> Usage:
    """The usage of a result; a cost that nobody knows makes the sum unknown."""
    billed = [request for request in requests if not request.cached]
    costs = [request.cost_usd for request in billed]
    return Usage(
        requests=len(billed),
        input_tokens=sum(request.input_tokens for request in billed),
        output_tokens=sum(request.output_tokens for request in billed),
        cost_usd=None if None in costs else float(sum(cost for cost in costs if cost is not None)),
        usage_reported=all(request.usage_reported for request in billed),
        cached=bool(requests) and not billed,
    )
