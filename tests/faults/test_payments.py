"""Which repeated requests to the provider a fault excuses, and which it does not."""

import pytest

from tests.faults.actions import Fired
from tests.faults.ledger import Ledger
from tests.faults.payments import Excuses, losses, paid_again
from tests.faults.plan import Fault, Kind
from tests.provider.server import Seen

STALLED_FROM, STALLED_UNTIL = 164.1, 167.9
STALL = Fired(Fault(STALLED_FROM, "to-provider", Kind.STALL, 3.8), STALLED_FROM, STALLED_UNTIL, "bytes stalled")


@pytest.mark.parametrize(
    ("first", "answered", "again", "is_excused"),
    [
        (165.0, 165.1, 168.5, True),  # the answer was held
        (167.91, 167.93, 167.92, True),  # its asker was cancelled meanwhile and the next run asks: both are let through
        (168.6, 168.7, 169.5, False),  # asked and answered after it
        (160.0, 161.0, 169.5, False),  # answered long before it
    ],
)
def test_what_a_stalled_link_excuses(first: float, answered: float, again: float, is_excused: bool) -> None:
    ledger = Ledger("test-")
    [token] = ledger.order("1", {"candidateData": {"basics": {}}}).tokens
    seen = {token: Seen(bodies=["{}", "{}"], at=[first, again], ended_at={0: answered, 1: again + 0.1})}

    assert (list(paid_again(ledger, seen, Excuses(losses([STALL])))) == []) is is_excused
