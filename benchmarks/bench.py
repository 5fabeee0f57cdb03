"""What a scenario is given: the stack, the systems, and a place for its samples."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg

from benchmarks import load
from benchmarks.ledger import Ledger
from benchmarks.meter import Meter, Used
from benchmarks.record import PEER_TABLE, Ended, Record
from benchmarks.scenario import OURS, Scenario
from benchmarks.systems import BullMQ, Ours, Peer, System, Taskiq
from enrichment.devstack.stack import Stack

T = TypeVar("T")

LIMIT_S = 600.0
"""One scenario takes no longer, whatever hangs."""
CONNECTIONS = 16
"""Jobs are submitted over so many connections where the number is not itself in question."""


class Bench:
    """One run. `bullmq` is None where there is no Node."""

    def __init__(
        self, stack: Stack, database: "asyncpg.Connection[asyncpg.Record]", bullmq_programs: Path | None, *, quick: bool
    ) -> None:
        self.stack = stack
        self.database = database
        self.quick = quick
        self.ledger = Ledger()
        self._scenario = ""
        infrastructure = stack.infrastructure
        peers = Record(database, "peer.job", "runs > 1")
        servers = infrastructure.environment
        self.ours = Ours(stack, Record(database, "enrichment_job", "retry_count > 0"))
        self.bullmq = (
            BullMQ(infrastructure.directory, peers, servers, bullmq_programs) if bullmq_programs is not None else None
        )
        self.taskiq = Taskiq(infrastructure.directory, peers, servers)

    @property
    def rounds(self) -> int:
        return self.pick(1, 3)

    def pick(self, quick: T, full: T) -> T:
        """A size by how much time there is."""
        return quick if self.quick else full

    async def run(self, scenario: Scenario) -> None:
        """Measures it; a scenario that breaks is told of, and the others go on."""
        self._scenario = scenario.name
        sys.stderr.write(f"{scenario.name}: {scenario.question}\n")
        began = time.monotonic()
        try:
            async with asyncio.timeout(LIMIT_S):
                await scenario.run(self)
        except Exception as error:
            self.note(f"Broken off: {type(error).__name__}: {error}")
        self.note(f"It took {time.monotonic() - began:.0f} s.")

    def add(self, name: str, unit: str, value: float, who: str = OURS) -> None:
        """A sample."""
        self.ledger.add(self._scenario, name, unit, who, value)
        sys.stderr.write(f"  {name} · {who}: {value:.4g} {unit}\n")

    def note(self, sentence: str) -> None:
        self.ledger.note(self._scenario, sentence)
        sys.stderr.write(f"  {sentence}\n")

    def contenders(self, *, taskiq: bool = False) -> list[System]:
        """Ours and the peers that there are."""
        peers: list[Peer | None] = [self.bullmq, self.taskiq if taskiq else None]
        if self.bullmq is None:
            self.note("No BullMQ column: Node and its packages are not here.")
        return [self.ours, *(peer for peer in peers if peer is not None)]

    async def interleaved(self, *measurements: Callable[[], Awaitable[None]], rounds: int | None = None) -> None:
        """Each in turn, round after round; every other round backwards, so that none is always the first."""
        for number in range(rounds or self.rounds):
            for measure in measurements if number % 2 == 0 else reversed(measurements):
                await self.clear()
                await measure()

    async def clear(self) -> None:
        """Forgets all jobs. Call it when none runs."""
        asleep = tuple(self.ours.asleep)
        self.ours.wake(*asleep)  # who was stopped within a transaction ends it; its locks would stop us for good
        await self.database.execute("TRUNCATE enrichment_job, enrichment_job_count, enrichment_throughput CASCADE")
        self.ours.sleep(*asleep)
        await self.database.execute("TRUNCATE peer.job")

    async def jobs(self, system: System, count: int, work_ms: int = 0) -> tuple[Ended, Used]:
        """Hands `count` jobs to a system that is awake, as fast as it takes them, and waits for their end."""
        mark = await system.record.mark()
        meter = self.meter(system)
        await load.send_all(system.url, system.requests(count, work_ms), CONNECTIONS)
        ended = await system.record.completed(mark, count)
        return ended, self.used(meter)

    def meter(self, system: System) -> Meter:
        """From now on: the system's processes and the servers that all share."""
        return Meter(system.pids | {name: self.stack.pids[name] for name in ("postgres", "redis")})

    def used(self, meter: Meter) -> Used:
        used = meter.stop()
        self.ledger.hear(self._scenario, used.others)
        return used


@asynccontextmanager
async def opened(data_dir: Path, bullmq_programs: Path | None = None, *, quick: bool) -> AsyncIterator[Bench]:
    """The whole stack, with ours asleep, and what the peers need."""
    async with Stack(data_dir=data_dir) as stack:
        url = urlsplit(stack.infrastructure.superuser_database_url)
        name = urlsplit(stack.infrastructure.database_url).path
        role = urlsplit(stack.infrastructure.database_url).username
        database = await asyncpg.connect(url._replace(path=name).geturl(), command_timeout=300)
        await database.execute(f"SET ROLE {role}")
        await database.execute(PEER_TABLE)
        await database.execute("RESET ROLE")
        bench = Bench(stack, database, bullmq_programs, quick=quick)
        await asyncio.sleep(1)  # the first looks of a worker that has just started
        bench.ours.sleep("api", "worker", "temporal")
        try:
            yield bench
        finally:
            bench.ours.wake("temporal", "worker", "api")
            await database.close()
