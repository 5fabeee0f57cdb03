"""Where the stages of an enrichment are computed: a candidate of a line or two in place, all others in a thread."""

import threading
from typing import Any

import pytest

from enrichment.enrichers.rules.stages import SHORT, Stage, Stages, follow, is_short


def computation() -> Stages[int]:
    yield Stage(1, "counting", "counting")
    yield Stage(2, "counting", "counting on")
    return threading.get_ident()


@pytest.mark.parametrize("in_place", [True, False])
async def test_all_stages_are_reported_wherever_they_are_computed(in_place: bool) -> None:
    reported: list[int] = []

    async def report(percentage: int, stage: str, message: str) -> None:
        reported.append(percentage)

    where = await follow(computation(), report, in_place=in_place)

    assert (where == threading.get_ident()) == in_place
    assert reported == [1, 2]


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        ({}, True),
        ({"basics": {"name": "Ada Example"}, "skills": [{"name": "python"}, {"name": None}, 7]}, True),
        ("x" * SHORT, True),
        ("x" * (SHORT + 1), False),
        ({"a": [{"b": ["x" * SHORT]}, "x"]}, False),
        ({"x" * SHORT: ""}, False),
        ([0] * (SHORT + 1), False),
        ([[]] * (SHORT + 1), False),
        (dict.fromkeys(map(str, range(SHORT + 1))), False),
    ],
)
def test_what_is_short(candidate: Any, expected: bool) -> None:
    assert is_short(candidate) is expected
