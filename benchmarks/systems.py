"""What jobs are handed to: the product and its peers, all over HTTP, all with a row per job, one at a time awake."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks import load
from benchmarks.meter import tree
from benchmarks.record import Record
from benchmarks.scenario import OURS
from enrichment.devstack.datadir import DataDirectory
from enrichment.devstack.ports import POLL_S, free_port
from enrichment.devstack.process import Command, Stop, end, spawn
from enrichment.devstack.stack import Stack
from enrichment.queues import BY_BAND

BANDS = tuple(BY_BAND)
CANDIDATE = {"basics": {"name": "Ada Example"}, "skills": [{"name": "python"}, {"name": "Postgres"}]}
STAGES = 6
"""How often the rules report, and so pause in a rehearsal; a test holds it against them."""
_READY = "READY"


class System(ABC):
    """One way to run jobs. `pids` are its processes, by name, while it is `awake`."""

    name: str
    record: Record

    @property
    @abstractmethod
    def pids(self) -> dict[str, int]: ...

    @abstractmethod
    def awake(self, *, worker: bool = True) -> AbstractAsyncContextManager[None]:
        """A block in which its processes run, without the worker where that is not wanted."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where a job is posted to."""

    @abstractmethod
    def body(self, band: str, work_ms: int) -> Any:
        """What is posted for a job that takes `work_ms`."""

    def request(self, band: str = "critical", work_ms: int = 0) -> bytes:
        return load.post(self.url, self.body(band, work_ms))

    def requests(self, count: int, work_ms: int = 0) -> Iterator[bytes]:
        """So many jobs, to the four queues in turn."""
        by_band = [self.request(band, work_ms) for band in BANDS]
        return (by_band[number % len(BANDS)] for number in range(count))


class Ours(System):
    """The product as `enrich dev` runs it. Asleep, its processes are stopped by signal: nothing of them runs."""

    name = OURS

    def __init__(self, stack: Stack, record: Record) -> None:
        self.stack = stack
        self.record = record
        self._variables: dict[str, str] = {}
        self.asleep: set[str] = set()
        """The processes that were told to stop; the system shows it of a process only some time later."""

    @property
    def pids(self) -> dict[str, int]:
        return self.stack.pids

    @property
    def url(self) -> str:
        return f"{self.stack.api_url}/api/enrichment"

    def body(self, band: str, work_ms: int) -> Any:
        options = {"options": {"rehearse": {"stageMs": work_ms // STAGES}}} if work_ms else {}
        return {"type": "skills_optimization", "priority": band, "candidateData": CANDIDATE} | options

    @asynccontextmanager
    async def awake(self, *, worker: bool = True) -> AsyncIterator[None]:
        names = ("api", "temporal", "worker") if worker else ("api",)
        self.wake(*names)
        try:
            yield
        finally:
            self.sleep(*names)

    def wake(self, *names: str) -> None:
        self.asleep.difference_update(names)
        self._signal(names, signal.SIGCONT)

    def sleep(self, *names: str) -> None:
        self.asleep.update(names)
        self._signal(names, signal.SIGSTOP)

    def _signal(self, names: Iterable[str], number: signal.Signals) -> None:
        for name in names:
            for process in tree(self.pids[name]):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)

    async def restart_worker(self, **variables: str) -> None:
        """A worker with these settings, also when it dies and is started again, until the next call of this.

        Call it while ours are awake.
        """
        for name in self._variables:
            del os.environ[name]
        os.environ.update(variables)  # the stack reads it whenever it starts a child
        self._variables = variables
        await self.stack.worker.stop()
        await self.stack.worker.start()


class Peer(System):
    """A system of another make: an API and a worker, started for the block and stopped after it."""

    def __init__(self, directory: DataDirectory, record: Record, servers: Mapping[str, str]) -> None:
        self._directory = directory
        self._servers = servers
        self.record = record
        self._pids: dict[str, int] = {}
        self._port = free_port()
        self.variables: dict[str, str] = {}
        """Added to the worker's environment."""

    @property
    def pids(self) -> dict[str, int]:
        return self._pids

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/jobs"

    def body(self, band: str, work_ms: int) -> Any:
        return {"priority": band, "payload": CANDIDATE, "workMs": work_ms // STAGES * STAGES}

    @abstractmethod
    def api(self) -> Command: ...

    @abstractmethod
    def worker(self) -> Command: ...

    @asynccontextmanager
    async def awake(self, *, worker: bool = True) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            for name, command in (("api", self.api), ("worker", self.worker)):
                if name == "api" or worker:
                    self._pids[name] = await running.enter_async_context(self.process(name, command()))
            try:
                yield
            finally:
                self._pids.clear()

    @asynccontextmanager
    async def process(self, name: str, command: Command) -> AsyncIterator[int]:
        """One process, from its READY to the end of the block."""
        log = self._directory.log(f"{self.name}-{name}")
        process = await spawn(command, log)
        try:
            while _READY not in log.text():
                if process.returncode is not None:
                    raise RuntimeError(f"{self.name}'s {name} has ended:\n{log.tail()}")
                await asyncio.sleep(POLL_S)
            yield process.pid
        finally:
            await end(process, (Stop(signal.SIGTERM, 5.0),))

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self._servers, "PORT": str(self._port), "PYTHONUNBUFFERED": "1"}


class BullMQ(Peer):
    name = "BullMQ"

    def __init__(self, directory: DataDirectory, record: Record, servers: Mapping[str, str], programs: Path) -> None:
        super().__init__(directory, record, servers)
        self._programs = programs

    def api(self) -> Command:
        return self._program("api.mjs")

    def worker(self) -> Command:
        return self._program("worker.mjs", **self.variables)

    def _program(self, name: str, **variables: str) -> Command:
        return Command((_which("node"), name), env=self._environment() | variables, cwd=self._programs)


class Taskiq(Peer):
    name = "taskiq"

    def api(self) -> Command:
        return self._python("benchmarks.peers.serve", "benchmarks.peers.taskiq_queue:app", str(self._port))

    def worker(self) -> Command:
        slots = str(sum(queue.slots for queue in BY_BAND.values()))
        options = ("--workers", "1", "--max-async-tasks", slots, "--no-configure-logging")
        return self._python("taskiq", "worker", *options, "benchmarks.peers.taskiq_queue:broker")

    def _python(self, *arguments: str) -> Command:
        return Command((sys.executable, "-m", *arguments), env=self._environment())


def _which(program: str) -> str:
    found = shutil.which(program)
    assert found is not None  # noqa: S101 `peers.node.install` has looked
    return found
