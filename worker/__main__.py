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
    starting, stopping = asyncio.current_task(), asyncio.Event()

    def stop() -> None:
        stopping.set()
        if starting is not None:
            starting.cancel()  # it waits for what may never answer, and has nothing in hand

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        async with running(configured):
            starting = None
            sys.stdout.write("worker ready\n")
            sys.stdout.flush()
            heap.settle()
            await stopping.wait()
    except asyncio.CancelledError:
        if not stopping.is_set():  # the SDK cancels a worker that can go on no more
            raise


def run() -> int:
    """The exit code: 2 for an environment that cannot be used, 1 when Temporal does not serve us or a library fails.

    The loop is not closed: that would wait for each thread, such as one that looks an address up.
    """
    try:
        asyncio.new_event_loop().run_until_complete(main(settings.load()))
    except settings.SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (ConnectionError, RPCError, ImportError) as error:
        sys.stderr.write(f"The worker cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    events.configure()
    code = run()
    # Temporal's runtime aborts now and then while the interpreter shuts down, after all work is done.
    sys.stderr.flush()
    os._exit(code)
