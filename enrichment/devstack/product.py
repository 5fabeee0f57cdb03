"""The product's own processes, `enrich api` and `enrich worker`: how each starts, says that it is ready, and stops.

Each is forked from a process that has loaded it (see `forkserver`): it is loaded while the servers start, and what dies
is back at once. What a developer changes is run by the next stack.
"""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import httpx

from enrichment.devstack.forks import ForkServer
from enrichment.devstack.log import Log
from enrichment.devstack.ports import HOST, POLL_S, free_port, until_listening
from enrichment.devstack.process import Process, Stop
from enrichment.devstack.program import Program, Run

_WORKER_IS_READY = "worker ready"

Environment = Callable[[], Mapping[str, str]]
"""Asked at each start: where the servers are is not settled before they run."""


@dataclass(frozen=True, slots=True)
class CommandLines:
    """What is run, as after `python -m`; `--port P` is added to `api`. Tests put programs of their own in place."""

    api: tuple[str, ...] = ("enrichment", "api")
    worker: tuple[str, ...] = ("enrichment", "worker")


class Product(Program):
    """A process of ours. `modules` are what it loads at its start, as `forkserver` takes them."""

    modules: ClassVar[tuple[str, ...]]

    def __init__(self, argv: tuple[str, ...], environment: Environment) -> None:
        self._argv = argv
        self._environment = environment
        self._server = ForkServer(self.modules)

    async def load(self, environment: Mapping[str, str], log: Log) -> None:
        """Starts loading ahead of the first start, which otherwise loads it itself."""
        await self._server.start(environment, log)

    async def spawn(self, log: Log) -> Process:
        return await self._server.fork(f"enrich {self.name}", self.argv(), self.environment(), log)

    async def unload(self) -> None:
        """Harmless when it is not loaded."""
        await self._server.stop()

    def argv(self) -> Sequence[str]:
        return self._argv

    def environment(self) -> Mapping[str, str]:
        return self._environment()


class Api(Product):
    name = "api"
    modules = ("enrichment.cli.processes", "api.server", "api.app")
    stop = (Stop(signal.SIGTERM, 2.5),)
    """Long enough for requests; a browser that follows a job's events would hold it for ever."""

    def __init__(self, argv: tuple[str, ...], environment: Environment, port: int) -> None:
        super().__init__(argv, environment)
        self._given_port = port
        self.port = port or free_port()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def choose_other_ports(self) -> None:
        self.port = self._given_port or free_port()

    def argv(self) -> Sequence[str]:
        return (*self._argv, "--port", str(self.port))

    def environment(self) -> Mapping[str, str]:
        address = {"ENRICHMENT_API_HOST": HOST, "ENRICHMENT_API_PORT": str(self.port)}
        return {**super().environment(), **address}

    async def ready(self, run: Run, /) -> str:
        await until_listening(run.pid, self.port)
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == httpx.codes.OK:
                        return ""
                except httpx.HTTPError:
                    pass  # it listens, but does not serve yet
                await asyncio.sleep(POLL_S)


class Worker(Product):
    name = "worker"
    modules = ("enrichment.cli.processes", "worker.ahead:load")
    stop = (Stop(signal.SIGTERM, 5.0),)
    """Long enough to hand its jobs back; what it does not finish is done again after the next start."""

    async def ready(self, run: Run, /) -> str:
        """It has no address to ask; its output tells."""
        while True:
            if any(line.startswith(_WORKER_IS_READY) for line in run.log.text().splitlines()):
                return ""
            await asyncio.sleep(POLL_S)
