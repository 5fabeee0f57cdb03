"""The product's own processes, `enrich api` and `enrich worker`: how each starts, says that it is ready, and stops."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from enrichment.devstack.ports import HOST, POLL_S, free_port, until_listening
from enrichment.devstack.process import Command, Stop
from enrichment.devstack.program import Program, Run

# `-P` keeps the current directory off the module path: it may well hold a `workflows` of its own.
_ENRICH = (sys.executable, "-P", "-m", "enrichment")
_WORKER_IS_READY = "worker ready"

Environment = Callable[[], Mapping[str, str]]
"""Asked at each start: where the servers are is not settled before they run."""


@dataclass(frozen=True, slots=True)
class CommandLines:
    """What is run; `--port P` is added to `api`. Tests put programs of their own in place."""

    migrate: tuple[str, ...] = (*_ENRICH, "migrate")
    api: tuple[str, ...] = (*_ENRICH, "api")
    worker: tuple[str, ...] = (*_ENRICH, "worker")


class Api(Program):
    name = "api"
    stop = (Stop(signal.SIGTERM, 2.5),)
    """Long enough for requests; a browser that follows a job's events would hold it for ever."""

    def __init__(self, argv: tuple[str, ...], environment: Environment, port: int) -> None:
        self._argv = argv
        self._environment = environment
        self._given_port = port
        self.port = port or free_port()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def choose_other_ports(self) -> None:
        self.port = self._given_port or free_port()

    def command(self) -> Command:
        address = {"ENRICHMENT_API_HOST": HOST, "ENRICHMENT_API_PORT": str(self.port)}
        return Command((*self._argv, "--port", str(self.port)), env={**self._environment(), **address})

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


class Worker(Program):
    name = "worker"
    stop = (Stop(signal.SIGTERM, 5.0),)
    """Long enough to hand its jobs back; what it does not finish is done again after the next start."""

    def __init__(self, argv: tuple[str, ...], environment: Environment) -> None:
        self._argv = argv
        self._environment = environment

    def command(self) -> Command:
        return Command(self._argv, env=self._environment())

    async def ready(self, run: Run, /) -> str:
        """It has no address to ask; its output tells."""
        while True:
            if any(line.startswith(_WORKER_IS_READY) for line in run.log.text().splitlines()):
                return ""
            await asyncio.sleep(POLL_S)
