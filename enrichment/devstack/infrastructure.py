"""PostgreSQL, Redis and Temporal together: what `enrich dev` stands on, and what the tests use alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from enrichment.devstack.binaries import require_embedded
from enrichment.devstack.child import Child, Tell, start_together
from enrichment.devstack.datadir import DataDirectory
from enrichment.devstack.postgres import Postgres
from enrichment.devstack.program import Program
from enrichment.devstack.redis import Redis
from enrichment.devstack.temporal import NAMESPACE, Temporal


class Infrastructure:
    """The three servers in one data directory, each restarted on its port when it dies.

        async with Infrastructure(data_dir) as infra:
            connection = await asyncpg.connect(infra.database_url)

    Their ports are free ones, kept as long as this object is. `tell` gets lines of progress; `restarted` is called when
    a server is back. `postgres`, `redis` and `temporal` can be stopped and started one by one, to see how the others do
    without.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        tell: Tell = lambda _: None,
        restarted: Callable[[], None] = lambda: None,
    ) -> None:
        self.directory = DataDirectory(data_dir)
        self._postgres = Postgres(self.directory)
        self._redis = Redis(self.directory)
        self._temporal = Temporal(self.directory)

        def child(program: Program) -> Child:
            return Child(program, self.directory, tell, restarted)

        self.postgres = child(self._postgres)
        self.redis = child(self._redis)
        self.temporal = child(self._temporal)

    async def start(self) -> None:
        """Start all three at the same time; return when all answer.

        Raises:
            StackError: one did not come up, a part is not installed, or another stack holds the directory. Nothing is
                left running.
        """
        require_embedded()
        self.directory.acquire()
        try:
            await start_together((self.postgres, self.redis, self.temporal))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop what runs: Temporal first, the record last. Harmless when nothing runs."""
        for child in (self.temporal, self.redis, self.postgres):
            await child.stop()
        self.directory.release()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def database_url(self) -> str:
        """As the application's role, which owns the database and is not a superuser."""
        return self._postgres.url

    @property
    def superuser_database_url(self) -> str:
        """As the superuser, to the database `postgres`: for tests that make databases of their own."""
        return self._postgres.superuser_url

    @property
    def redis_url(self) -> str:
        return self._redis.url

    @property
    def temporal_address(self) -> str:
        return self._temporal.address

    @property
    def temporal_ui_url(self) -> str:
        return self._temporal.ui_url

    @property
    def pids(self) -> dict[str, int]:
        """The processes by name; one that was restarted is here once it answers."""
        return {"temporal": self.temporal.pid, "redis": self.redis.pid, "postgres": self.postgres.pid}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point a process of ours at these servers."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TEMPORAL_UI_URL": self.temporal_ui_url,
            "TEMPORAL_NAMESPACE": NAMESPACE,
            "TEMPORAL_TLS": "false",  # whatever a `.env` says for a real cluster
        }
