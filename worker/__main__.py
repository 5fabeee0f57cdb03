"""`python -m worker`: serves the queues of its settings until SIGTERM or SIGINT, and drains."""

import asyncio
import os
import signal
import sys

from temporalio.service import RPCError

from enrichment import events, heap, settings
from enrichment.settings import Settings
from worker.run import running


async def main(configured: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(configured) as loading:
        sys.stdout.write("worker ready\n")
        sys.stdout.flush()
        loading.add_done_callback(lambda _: heap.settle())
        await stop.wait()


def run() -> int:
    """The exit code: 2 for an environment that cannot be used, 1 when Temporal does not serve us."""
    try:
        asyncio.run(main(settings.load()))
    except settings.SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (ConnectionError, RPCError) as error:
        sys.stderr.write(f"The worker cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    events.configure()
    code = run()
    # Temporal's runtime aborts now and then while the interpreter shuts down, after all work is done.
    sys.stderr.flush()
    os._exit(code)
