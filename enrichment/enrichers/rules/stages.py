"""The stages of an enrichment: plain computation that pauses to say how far it is."""

import asyncio
import time
from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from enrichment.enrichers.base import Report

T = TypeVar("T")


class Stage(NamedTuple):
    """What is reported: `percentage` from 0 to 100, a word, and a sentence with counts and without candidate data."""

    percentage: int
    name: str
    message: str


Stages = Generator[Stage, None, T]
"""Yields its stages, and returns what it has made."""


AT_ONCE_S = 0.01
"""A thread that is so soon at its next stage goes on: coming back to say so would take longer than the stage."""
SHORT = 500
"""Characters and values of a candidate who is usually read within a millisecond or two, and in 50 at worst."""


async def follow(stages: Stages[T], report: Report, *, in_place: bool) -> T:
    """Runs the computation in a thread, some stages at a time; or `in_place`, which is for short candidates.

    A large candidate takes seconds. In the event loop they would hold up every other job of the process and its signs
    of life; in a thread, a cancelled job stops at its next stage. For a candidate of a line or two, the way to a thread
    and back takes as long as the work.
    """
    while True:
        reached, results = _advance(stages) if in_place else await asyncio.to_thread(_advance, stages)
        for stage in reached:
            await report(*stage)
        if results:
            return results[0]


def is_short(value: Any) -> bool:
    """Whether it has at most `SHORT` characters and values, keys included; it stops counting beyond."""
    left, inside = SHORT, [value]
    while inside and left >= 0:
        value = inside.pop()
        if isinstance(value, str | list | dict):
            left -= len(value)
        if left >= 0 and isinstance(value, dict):
            left -= sum(map(len, value))
            inside += value.values()
        elif left >= 0 and isinstance(value, list):
            inside += value
    return left >= 0


def _advance(stages: Stages[T]) -> tuple[list[Stage], list[T]]:
    """The next stages, and what the last one has led to: a `StopIteration` cannot leave a thread."""
    began, reached = time.monotonic(), list[Stage]()
    try:
        while time.monotonic() < began + AT_ONCE_S:
            reached.append(next(stages))
    except StopIteration as end:
        return reached, [end.value]
    return reached, []
