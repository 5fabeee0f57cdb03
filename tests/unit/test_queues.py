"""The table of priorities."""

from datetime import timedelta

import pytest

from enrichment import queues
from enrichment.queues import BACKOFF, QUEUES


def test_the_table_is_the_designs() -> None:
    assert [(q.band, q.lowest, q.highest, q.task_queue, q.slots, q.max_retries) for q in QUEUES] == [
        ("critical", 20, 20, "enrichment-critical", 5, 5),
        ("high", 10, 15, "enrichment-high", 3, 4),
        ("normal", 5, 9, "enrichment-normal", 2, 3),
        ("low", 1, 4, "enrichment-low", 1, 2),
    ]


@pytest.mark.parametrize(("given", "number"), [("critical", 20), ("HIGH", 10), ("Normal", 5), ("low", 1), (7, 7)])
def test_a_priority_is_a_band_in_either_case_or_a_number(given: str | int, number: int) -> None:
    assert queues.priority_of(given) == number


@pytest.mark.parametrize("wrong", [0, -1, 16, 17, 19, 21, 10**30, "urgent", "", "20"])
def test_any_other_priority_is_refused_with_the_bands(wrong: str | int) -> None:
    with pytest.raises(ValueError, match=r"critical \(20\), high \(10-15\), normal \(5-9\), low \(1-4\)"):
        queues.priority_of(wrong)


def test_a_higher_number_is_never_served_after_a_lower_one() -> None:
    for queue in QUEUES:
        keys = [queue.priority_key(number) for number in range(queue.highest, queue.lowest - 1, -1)]
        assert keys == sorted(keys)
        assert keys[0] == 1
        assert max(keys) <= 5


def test_the_wait_doubles_up_to_a_minute() -> None:
    waits = [BACKOFF.delay(failed) for failed in range(1, 8)]

    assert waits == [timedelta(seconds=s) for s in (2, 4, 8, 16, 32, 60, 60)]
