"""The product under test: its own `Stack` and a provider of models, every link of which goes through a proxy."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from unittest.mock import patch
from urllib.parse import urlsplit

import asyncpg

from enrichment.devstack.product import CommandLines
from enrichment.devstack.stack import Stack
from tests.faults.patience import until
from tests.faults.proxy import Proxy
from tests.provider import Provider, providing

Tell = Callable[[str], None]

_THROUGH = "tests.faults.through"
_BACK_WITHIN_S = 30.0
_SLOTS = {
    "ENRICHMENT_SLOTS_CRITICAL": "15",
    "ENRICHMENT_SLOTS_HIGH": "9",
    "ENRICHMENT_SLOTS_NORMAL": "6",
    "ENRICHMENT_SLOTS_LOW": "3",
}
"""Three times the usual: with those the load keeps the queues full, and how soon a job that lost its worker runs again
is how long the line was before it.
"""


class Subject:
    """Runs while the block does. Clients use `url`; `direct_url` is the API without the proxy, for the harness."""

    def __init__(self, data_dir: Path, *, tell: Tell = lambda _: None) -> None:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._commands = {name: data_dir / f"{name}.json" for name in ("api", "worker")}
        for name, file in self._commands.items():
            file.write_text(json.dumps(["enrichment", name]))
        self.proxies = {
            "to-postgres": Proxy(lambda: _address(self.stack.infrastructure.database_url)),
            "to-redis": Proxy(lambda: _address(self.stack.infrastructure.redis_url)),
            "to-temporal": Proxy(lambda: _address(f"tcp://{self.stack.infrastructure.temporal_address}")),
            "to-provider": Proxy(lambda: _address(self.provider.base_url)),
            "to-api": Proxy(lambda: _address(self.stack.api_url)),
        }
        ports = [str(self.proxies[link].port) for link in ("to-postgres", "to-redis", "to-temporal")]
        lines = CommandLines(**{name: (_THROUGH, *ports, str(file)) for name, file in self._commands.items()})
        self.stack = Stack(data_dir=data_dir, tell=tell, command_lines=lines)
        self.provider: Provider
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as starting:
            starting.enter_context(patch.dict(os.environ, self._environment()))
            self.provider = await starting.enter_async_context(providing())
            for proxy in self.proxies.values():
                await proxy.start()
                starting.push_async_callback(proxy.stop)
            await starting.enter_async_context(self.stack)
            self._running = starting.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxies['to-api'].port}"

    @property
    def direct_url(self) -> str:
        return self.stack.api_url

    def _environment(self) -> dict[str, str]:
        """What the stack's processes inherit: a model to ask, and leave to rehearse what the load asks for."""
        return {
            "ENRICHMENT_MODEL": "openai:gpt-4o-mini",
            "ENRICHMENT_MODEL_BASE_URL": f"http://127.0.0.1:{self.proxies['to-provider'].port}/v1",
            "ENRICHMENT_REHEARSAL": "true",
            **_SLOTS,
        }

    async def database(self, *, as_superuser: bool = False) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of the harness's own, past the proxy."""
        infrastructure = self.stack.infrastructure
        url = infrastructure.superuser_database_url if as_superuser else infrastructure.database_url
        return await asyncpg.connect(
            url, timeout=2, command_timeout=5, server_settings={"application_name": "fault harness"}
        )

    async def replace_worker(self, *line: str) -> None:
        """Kills the worker; the one that the stack starts in its place is `line`, by default the product's again."""
        self._commands["worker"].write_text(json.dumps(line or ["enrichment", "worker"]))
        await self.kill("worker")

    async def kill(self, name: str) -> None:
        """Kills a process, by its name in `stack.json`; returns when the next one is ready."""
        pid = self.stack.pids[name]
        os.kill(pid, signal.SIGKILL)
        if not await until(lambda: self.stack.pids[name] != pid, _BACK_WITHIN_S):
            raise TimeoutError(f"the {name} did not come back")


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
