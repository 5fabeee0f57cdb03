"""When a component counts as down, and what is said of it."""

import logging
import time

import pytest

from enrichment.breaker import Breaker
from enrichment.events import PROGRESS_LOST
from enrichment.outage import Outage


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


def test_that_it_is_away_is_said_once_and_that_it_is_back_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = Outage(PROGRESS_LOST, "Redis does not answer", job_id="j")
    outage.end()
    for _ in range(2):
        outage.begin(TimeoutError())
        outage.begin(TimeoutError())
        outage.end()
        outage.end()

    lost = ("WARNING", "progress_lost", {"error": "TimeoutError", "job_id": "j"})
    back = ("INFO", "outage_over", {"kind": "progress_lost", "seconds": 0.0, "job_id": "j"})
    said = [(record.levelname, vars(record)["event"], vars(record)["fields"]) for record in caplog.records]
    assert said == [lost, back] * 2
