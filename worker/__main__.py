"""`python -m worker`: serves the queues of its settings until SIGTERM or SIGINT."""

import asyncio
import os
import signal
import sys

import uvloop

from enrichment import events, settings
from enrichment.settings import Settings
from worker.run import running


async def main(configured: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(configured):
        sys.stdout.write("worker ready\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    events.configure()
    try:
        uvloop.run(main(settings.load()))
    except settings.SettingsError as error:
        sys.exit(f"{error}")
    # The SDK's runtime has been seen to abort while the interpreter shuts down, after all work was done.
    sys.stderr.flush()
    os._exit(0)
