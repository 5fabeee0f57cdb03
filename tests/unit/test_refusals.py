"""Which refusals of Temporal no later start can mend."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from enrichment import temporal


@pytest.mark.parametrize(
    ("status", "message", "is_for_good"),
    [
        (RPCStatusCode.INVALID_ARGUMENT, "fairness key length exceeds limit", True),
        (
            RPCStatusCode.INVALID_ARGUMENT,
            "Namespace default has no mapping defined for search attribute JobType",
            False,
        ),
        (RPCStatusCode.UNAVAILABLE, "fairness key length exceeds limit", False),
    ],
)
def test_a_refusal_is_for_good_unless_waiting_or_an_operator_mends_it(
    status: RPCStatusCode, message: str, is_for_good: bool
) -> None:
    assert temporal._is_for_good(RPCError(message, status, b"")) is is_for_good
