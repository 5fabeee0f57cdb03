"""The stages of an enrichment: plain computation that pauses to say how far it is."""

import asyncio
from collections.abc import Generator
from typing import NamedTuple, TypeVar

from enrichment.enrichers.base import Report

T = TypeVar("T")


class Stage(NamedTuple):
    """What is reported: `percentage` from 0 to 100, a word, and a sentence with counts and without candidate data."""

    percentage: int
    name: str
    message: str


Stages = Generator[Stage, None, T]
"""Yields its stages, and returns what it has made."""


async def follow(stages: Stages[T], report: Report) -> T:
    """Runs the computation in a thread, stage by stage.

    A large candidate takes seconds. In the event loop they would hold up every other job of the process and its signs
    of life; in a thread, a cancelled job stops at its next stage.
    """
    while isinstance(reached := await asyncio.to_thread(_advance, stages), Stage):
        await report(*reached)
    return reached


def _advance(stages: Stages[T]) -> Stage | T:
    """The next stage, or what the last one has led to: a `StopIteration` cannot leave a thread."""
    try:
        return next(stages)
    except StopIteration as end:
        result: T = end.value
        return result
