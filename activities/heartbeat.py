"""Signs of life from an activity, and the milestone that the next attempt goes on from."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

from temporalio import activity

BEATS = 4
"""In the time after which silence means that the worker is lost. A cancellation comes with the answer to a beat."""


class Milestone:
    """The percentage that this run has reached. It travels in the heartbeat, and so outlives both worker and Redis."""

    def __init__(self, percentage: int) -> None:
        self.percentage = percentage

    def reach(self, percentage: int) -> int:
        """The percentage to show: never less than was shown before."""
        self.percentage = max(self.percentage, percentage)
        return self.percentage


@contextlib.asynccontextmanager
async def heartbeating(reached: int = 0) -> AsyncIterator[Milestone]:
    """Beats in the background while the block runs. `reached` is the percentage of the attempts before.

    An attempt that lost its worker has told of more with its last heartbeat.
    """
    info = activity.info()
    details = info.heartbeat_details
    patience = cast(timedelta, info.heartbeat_timeout)  # our workflows give one to every activity that beats
    milestone = Milestone(max(reached, details[0] if details else 0))
    beating = asyncio.create_task(_beat(milestone, patience.total_seconds() / BEATS), name="heartbeat")
    try:
        yield milestone
    finally:
        beating.cancel()


async def _beat(milestone: Milestone, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)  # first: a job that is done by then costs Temporal no call
        activity.heartbeat(milestone.percentage)
