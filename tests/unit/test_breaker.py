"""When a component counts as down."""

import time

from enrichment.breaker import Breaker


def test_a_call_that_fails_opens_it_for_a_while_and_one_that_is_answered_closes_it() -> None:
    breaker = Breaker(rest_s=60)
    breaker.trip(time.monotonic())
    was_open = breaker.is_open

    breaker.close()

    assert (was_open, breaker.is_open) == (True, False)


def test_a_call_that_was_slow_while_others_were_answered_is_itself_to_blame() -> None:
    breaker = Breaker(rest_s=60)
    began = time.monotonic()
    breaker.close()

    breaker.trip(began)

    assert not breaker.is_open
