"""The whole product on one machine: the servers, the schema, the API and a worker, and where to find them."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from enrichment.devstack.child import Child, Tell, start_together
from enrichment.devstack.datadir import write_private
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.devstack.ports import require_free
from enrichment.devstack.process import Command, finish
from enrichment.devstack.product import Api, CommandLines, Worker

_MIGRATE = (sys.executable, "-P", "-m", "enrichment", "migrate")
"""`-P` keeps the current directory off the module path: it may well hold a `workflows` of its own."""


class Stack:
    """Infrastructure plus migrations, API and worker.

        async with Stack(data_dir=data_dir) as stack:
            await client.post(f"{stack.api_url}/api/enrichment", json=...)

    `port` 0 is a free one. While it runs, `stack.json` in the data directory says where everything is. `tell` gets
    lines of progress; with the time they are in `logs/stack.log` too.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        port: int = 0,
        tell: Tell = lambda _: None,
        command_lines: CommandLines | None = None,
    ) -> None:
        lines = command_lines or CommandLines()
        self._given_port = port
        self._running = False
        self._told = tell
        self.infrastructure = Infrastructure(data_dir, tell=self.tell, restarted=self._record)
        self._directory = self.infrastructure.directory
        self._log = self._directory.log("stack")
        self._api = Api(lines.api, self._environment, port)
        self._worker = Worker(lines.worker, self._environment)
        self.api = Child(self._api, self._directory, self.tell, self._record)
        self.worker = Child(self._worker, self._directory, self.tell, self._record)

    async def start(self) -> None:
        """Start everything in order and return when all of it answers.

        Raises:
            StackError: the port is taken, or a part did not come up; the message shows the end of its log. Nothing is
                left running.
        """
        if self._given_port:
            require_free(self._given_port)
        self._directory.acquire()
        try:
            self._log.begin()
            for program in (self._api, self._worker):
                await program.load(self._callers_environment(), self._directory.log(program.name))
            await self.infrastructure.start()
            self._directory.stack_file.unlink(missing_ok=True)  # of a stack that was killed
            await finish("migrate", Command(_MIGRATE, env=self._environment()), self._directory.log("migrate"))
            await start_together((self.api, self.worker))
        except BaseException:
            await self.stop()
            raise
        self._running = True
        self._record()

    async def stop(self) -> None:
        """Stop what runs, in order: no new jobs, no more work, then the servers. Harmless when nothing runs."""
        if self._running:
            self._running = False
            self._directory.stack_file.unlink(missing_ok=True)
        await self.api.stop()
        await self.worker.stop()
        for program in (self._api, self._worker):
            await program.unload()
        await self.infrastructure.stop()

    def tell(self, line: str) -> None:
        """A line of progress, for the person and for the record; a full disk stops nothing."""
        self._told(line)
        with suppress(OSError):
            self._log.add(line)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def api_url(self) -> str:
        return self._api.url

    @property
    def pids(self) -> dict[str, int]:
        """The processes by name; one that was restarted is here once it answers."""
        return {"api": self.api.pid, "worker": self.worker.pid, **self.infrastructure.pids}

    def _environment(self) -> dict[str, str]:
        """The caller's, pointed at the servers here."""
        return {**self._callers_environment(), **self.infrastructure.environment}

    def _callers_environment(self) -> dict[str, str]:
        """For our processes: no key of a cloud, cached bytecode, webhooks to this machine, logs without delay."""
        callers = {name: value for name, value in os.environ.items() if name != "TEMPORAL_API_KEY"}
        if callers.pop("PYTHONDONTWRITEBYTECODE", None):
            # Wanted: nothing written beside the sources. Not wanted: every child compiles everything at every start.
            is_ours = sys.prefix != sys.base_prefix  # a virtual environment: what it compiles serves every stack
            callers.setdefault("PYTHONPYCACHEPREFIX", f"{sys.prefix if is_ours else self._directory.path}/pycache")
        callers.setdefault("ENRICHMENT_WEBHOOK_LOOPBACK", "true")  # the receiver is on this machine too
        return {**callers, "PYTHONUNBUFFERED": "1"}

    def _record(self) -> None:
        """Write `stack.json`, readable by its owner alone: it holds passwords."""
        if not self._running:
            return
        infrastructure = self.infrastructure
        places = {
            "api": self.api_url,
            "temporal": infrastructure.temporal_address,
            "temporalUi": infrastructure.temporal_ui_url,
            "databaseUrl": infrastructure.database_url,
            "redisUrl": infrastructure.redis_url,
            "pids": self.pids,
        }
        write_private(self._directory.stack_file, json.dumps(places, indent=2) + "\n")
