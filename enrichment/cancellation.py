"""Cancelling for sure."""

import asyncio
from typing import Any

_AGAIN_AFTER_S = 1.0


async def stop(*tasks: "asyncio.Future[Any]") -> None:
    """Cancels the tasks until all have ended; what they raise is left to whoever asks them.

    Once is not enough: in Python 3.11 `asyncio.wait_for`, which libraries use, loses a cancellation that comes just as
    what it waits for ends.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_AFTER_S)
