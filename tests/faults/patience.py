"""Waiting for what nobody can be told of: other processes' states, counters that grow."""

import asyncio
import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.02


async def until(condition: Callable[[], bool], within_s: float) -> bool:
    """Whether it came true in time."""
    ends_at = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > ends_at:
            return False
        await asyncio.sleep(_LOOK_EVERY_S)
    return True
