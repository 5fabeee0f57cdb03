"""`enrich dev`: the stack in the foreground, until a signal."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from enrichment.devstack.errors import StackError
from enrichment.devstack.stack import Stack


async def run(*, port: int, data_dir: Path, announce: Callable[[str], None] = print) -> int:
    """Run the stack until a signal ends it, and return the exit code.

    `announce` gets one line, `ready http://127.0.0.1:P`, when everything answers; progress goes to standard error.
    SIGINT, SIGTERM and a closed terminal stop the stack in order, during its start too. The exit code is 1 when it did
    not come up, 0 otherwise.
    """
    stack = Stack(port=port, data_dir=data_dir, tell=_to_stderr)
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    endings = _endings()
    for ending in endings:
        loop.add_signal_handler(ending, signalled.set)
    ended = asyncio.create_task(signalled.wait())
    starting = asyncio.create_task(stack.start())
    try:
        await asyncio.wait({starting, ended}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            announce(f"ready {stack.api_url}")
            sys.stdout.flush()  # in a pipe the line would otherwise wait for more
            await ended
        stack.tell("stopping")
    except (StackError, OSError) as error:
        _to_stderr(str(error))
        return 1
    finally:
        ended.cancel()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await stack.stop()
        for ending in endings:
            loop.remove_signal_handler(ending)
    return 0


def _endings() -> tuple[signal.Signals, ...]:
    """The signals that stop the stack: a hang-up too, unless `nohup` asked to outlive the terminal."""
    hang_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGINT, signal.SIGTERM, *hang_up)


def _to_stderr(line: str) -> None:
    """Progress for a person. When the terminal is gone, nobody reads it, and the stack must still stop in order."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
