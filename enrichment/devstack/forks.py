"""The supervisor's side of a fork server: it asks for forks and hears how they end."""

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

from enrichment.devstack.errors import ChildDiedError
from enrichment.devstack.forkserver import Start
from enrichment.devstack.log import Log
from enrichment.devstack.process import Command, end, outcome, spawn

_LOADED_WITHIN_S = 60.0
_ANSWER = b'{"pid": '
"""How each answer begins; what is printed before the server has set itself up does not."""
_SERVER = (sys.executable, "-P", "-m", "enrichment.devstack.forkserver")


class Fork:
    """A process that the fork server has made."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)

    def send_signal(self, signal: int, /) -> None:
        if self.ended.done():
            raise ProcessLookupError
        os.kill(self.pid, signal)


class ForkServer:
    """Starts processes that find `modules` loaded. A server that has died is replaced when it is needed."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._asked: deque[asyncio.Future[Fork]] = deque()
        self._running: dict[int, Fork] = {}

    async def start(self, environment: Mapping[str, str], log: Log) -> None:
        """Starts the server, unless it runs. Returns before the modules are loaded."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            if self._listening is not None:
                await asyncio.wait({self._listening})  # it tells what the last one has left
            command = Command((*_SERVER, *self._modules), env=environment)
            self._process = process = await spawn(command, log, talks=True)
            self._listening = asyncio.create_task(self._listen(process, log), name="listen to the fork server")

    async def fork(self, title: str, argv: Sequence[str], environment: Mapping[str, str], log: Log) -> Fork:
        """A process that becomes a module with its arguments, as after `python -m`.

        Raises:
            ChildDiedError: the modules cannot be loaded, or not in `_LOADED_WITHIN_S`.
        """
        log.begin()
        await self.start(environment, log)
        process = self._process
        assert process is not None  # noqa: S101 it has just been started
        assert process.stdin is not None  # noqa: S101 it talks
        start = Start(title, list(argv), dict(environment), str(log.path))
        asked: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        process.stdin.write(json.dumps(asdict(start)).encode() + b"\n")
        try:
            await asyncio.wait({asked}, timeout=_LOADED_WITHIN_S)
        except asyncio.CancelledError:
            if not asked.cancel() and asked.exception() is None:  # it was answered just before
                _kill(asked.result())
            raise
        if not asked.done():
            asked.cancel()
            await end(process, ())  # the next one asks another server
            raise ChildDiedError(f"its modules were not loaded within {_LOADED_WITHIN_S:.0f} s.\n{log.tail()}", "")
        return asked.result()

    async def stop(self) -> None:
        """Ends it, and what it has forked. Harmless when it does not run."""
        async with self._starting:
            if self._process is not None:
                await end(self._process, ())
            if self._listening is not None:
                await asyncio.wait({self._listening})

    async def _listen(self, process: asyncio.subprocess.Process, log: Log) -> None:
        assert process.stdout is not None  # noqa: S101 it talks
        async for line in process.stdout:
            told = json.loads(line) if line.startswith(_ANSWER) else {}
            if "code" in told:
                self._ended(told["pid"], told["code"])
            elif told:
                self._begun(Fork(told["pid"]))
        message = f"the fork server {outcome(await process.wait())}"
        for asked in self._asked:
            if not asked.done():
                asked.set_exception(ChildDiedError(f"{message}.\n{log.tail()}", log.text()))
        self._asked.clear()
        for fork in self._running.values():
            _kill(fork)
            fork.ended.set_result(-signal.SIGKILL)
        self._running.clear()

    def _begun(self, fork: Fork) -> None:
        self._running[fork.pid] = fork
        asked = self._asked.popleft()
        if asked.done():  # who asked has gone
            _kill(fork)
        else:
            asked.set_result(fork)

    def _ended(self, pid: int, code: int) -> None:
        fork = self._running.pop(pid, None)
        if fork is not None:  # else a process that a module has started while it was loaded
            fork.ended.set_result(code)


def _kill(fork: Fork) -> None:
    with suppress(ProcessLookupError, PermissionError):  # the latter is macOS's word for a process that has ended
        os.killpg(fork.pid, signal.SIGKILL)
