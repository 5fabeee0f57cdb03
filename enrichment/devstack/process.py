"""Child processes: how each is started, run to its end, or stopped."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from enrichment.devstack import launch
from enrichment.devstack.account import Account
from enrichment.devstack.errors import ChildDiedError
from enrichment.devstack.log import Log

_ENDS_WITHIN_S = 5.0
"""After SIGKILL."""
BARE_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""For the servers: a `PGPORT` or `TEMPORAL_ADDRESS` that the caller has set is not meant for them."""


class Process(Protocol):
    """One that was started. asyncio's subprocesses are such, and so are forks (see `forks`)."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None:
        """None while it runs; the negative number of the signal that ended it."""

    async def wait(self) -> int:
        """Its exit code, once it has ended."""

    def send_signal(self, signal: int, /) -> None:
        """Raises ProcessLookupError if it has ended."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line and where it runs. `cwd` None: the supervisor's; `account` None: the supervisor's own.

    `death_signal` is what the child gets when the supervisor dies without a word.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=BARE_ENVIRONMENT.copy, repr=False)
    cwd: Path | None = None
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Stop:
    """One step of stopping: the signal, and how long to wait for it to work."""

    signal: signal.Signals
    wait_s: float


async def spawn(command: Command, log: Log, *, talks: bool = False) -> asyncio.subprocess.Process:
    """Start a child in a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone.

    One that `talks` reads and writes pipes; the log gets what it writes to standard error.
    The calling thread must outlive the child: Linux ties the death signal to the thread.
    """
    account = command.account or Account(-1, -1)
    launcher = (sys.executable, "-I", "-S", launch.__file__)
    tie = (os.getpid(), command.death_signal.value, account.uid, account.gid)
    with log.open() as output:
        return await asyncio.create_subprocess_exec(
            *launcher,
            *map(str, tie),
            *command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=PIPE if talks else DEVNULL,
            stdout=PIPE if talks else output,
            stderr=output if talks else STDOUT,
            start_new_session=True,
        )


async def finish(name: str, command: Command, log: Log) -> None:
    """Run a command to its end.

    Raises:
        ChildDiedError: it failed; the message ends with the last lines of its log.
    """
    process = await spawn(command, log)
    try:
        code = await process.wait()
    finally:
        await end(process, ())
    if code != 0:
        raise ChildDiedError(f"{name} failed: it {outcome(code)}.\n{log.tail()}", log.text())


async def end(process: Process, steps: tuple[Stop, ...]) -> None:
    """Stop a process step by step, and kill it with its session when no step has worked."""
    for step in steps:
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(step.signal)
        with suppress(TimeoutError):
            async with asyncio.timeout(step.wait_s):
                await process.wait()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(TimeoutError):  # the end of a fork is told by its server, which may be frozen
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await process.wait()


def outcome(code: int) -> str:
    """An exit status as a person says it."""
    return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
