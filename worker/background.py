"""What a worker does beside its jobs. What one of these stumbles over stops neither it nor the process."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from enrichment.cancellation import stop
from enrichment.events import WORK_UNFORESEEN

AGAIN_S = 1.0
"""How long after an error that nobody foresaw it is begun anew."""

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def in_background(*work: Work) -> AsyncIterator[None]:
    """Does these beside the block, and cancels what is not done at its end."""
    tasks = [asyncio.create_task(_to_its_end(each)) for each in work]
    try:
        yield
    finally:
        await stop(*tasks)


async def _to_its_end(work: Work) -> None:
    """The next worker would stumble over the same row: were it to end the process, no worker would be left."""
    while True:
        try:
            return await work()
        except Exception:
            log.exception("What a worker does beside its jobs failed as nobody foresaw", extra=WORK_UNFORESEEN.fields())
        await asyncio.sleep(AGAIN_S)
