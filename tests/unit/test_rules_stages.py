"""Where the stages of an enrichment are computed: a candidate of a line or two in place, all others in a thread."""

import threading
from typing import Any

import pytest

from enrichment.enrichers.rules.stages import SHORT, Stage, Stages, follow

NESTED: Any = {"a": [{"b": ["x" * SHORT]}, "x"]}


def computation() -> Stages[int]:
    yield Stage(1, "counting", "counting")
    yield Stage(2, "counting", "counting on")
    return threading.get_ident()


@pytest.mark.parametrize(
    ("candidate", "is_short"),
    [
        ({}, True),
        ({"basics": {"name": "Ada Example"}, "skills": [{"name": "python"}, {"name": None}, 7]}, True),
        ("x" * SHORT, True),
        ("x" * (SHORT + 1), False),
        (NESTED, False),
        ([0] * (SHORT + 1), False),
        ([[]] * (SHORT + 1), False),
        (dict.fromkeys(map(str, range(SHORT + 1))), False),
    ],
)
async def test_what_is_short_is_computed_in_place(candidate: Any, is_short: bool) -> None:
    reported: list[int] = []

    async def report(percentage: int, stage: str, message: str) -> None:
        reported.append(percentage)

    where = await follow(computation(), report, candidate)
    assert (where == threading.get_ident()) == is_short
    assert reported == [1, 2]
