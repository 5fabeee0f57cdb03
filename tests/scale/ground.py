"""A stack for one scenario: the servers, workers as processes, and a queue to submit to."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from enrichment import migrations
from enrichment.db import Database
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.models import Job, JobRequest
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings


class Ground:
    """Runs while its block does."""

    def __init__(self, infrastructure: Infrastructure, settings: Settings, database: Database) -> None:
        self.infrastructure = infrastructure
        self.settings = settings
        self.database = database
        self.queue: EnrichmentQueue
        self.workers: list[Process] = []

    async def start_worker(self, work: str, slots: int) -> Process:
        environment = {**os.environ, **self.infrastructure.environment, "ENRICHMENT_REHEARSAL": "true"}
        environment |= {f"ENRICHMENT_SLOTS_{band}": str(slots) for band in ("CRITICAL", "LOW")}
        command = (sys.executable, "-m", "tests.scale.worker", work)
        worker = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
        self.workers.append(worker)
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"worker ready\n"
        return worker

    async def submit(self, jobs: int, **request: Any) -> str:
        """A bulk of so many candidates."""

        async def body() -> AsyncIterator[bytes]:
            for start in range(0, jobs, 500):
                yield b"".join(candidate(n) for n in range(start, min(start + 500, jobs)))

        values = {"type": "bulk_candidate_enrichment", "priority": "critical", **request}
        accepted, _ = await self.queue.add_bulk(JobRequest.model_validate(values), body())
        return accepted.id

    async def end_of(self, job_id: str) -> Job:
        return [job async for job in self.queue.watch(job_id)][-1]

    async def one(self, query: str, **parameters: Any) -> Any:
        """The one row of a query, past the product."""
        return (await self.database.execute(text(query), parameters)).one()

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds used so far, by program; of PostgreSQL with all its processes."""
        pids = self.infrastructure.pids | {"worker": self.workers[-1].pid, "client": os.getpid()}
        return {name: sum(_cpu_s(process) for process in _family(pid, name)) for name, pid in pids.items()}

    def rss_mb(self, pid: int) -> float:
        rss: int = psutil.Process(pid).memory_info().rss
        return rss / 1e6


def candidate(number: int) -> bytes:
    """A small résumé, another one for each number."""
    resume = {
        "candidateId": f"c-{number}",
        "basics": {"name": f"Ada Example {number}", "label": "Engineer"},
        "work": [{"name": "Example Ltd", "position": "Engineer", "startDate": "2020-01", "summary": "Python and SQL"}],
        "skills": [{"name": "python"}, {"name": "Postgres"}],
    }
    return json.dumps(resume).encode() + b"\n"


def _family(pid: int, name: str) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)] if name == "postgres" else [process]


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


@asynccontextmanager
async def ground(data_dir: Path) -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        infrastructure = await stack.enter_async_context(Infrastructure(data_dir))
        variables = {name.lower(): value for name, value in infrastructure.environment.items()}
        settings = Settings.model_validate({**variables, "ENRICHMENT_REHEARSAL": True})
        await asyncio.to_thread(migrations.upgrade, settings)
        database = Database.connect(settings, application="scale", pool_size=2)
        stack.push_async_callback(database.close)
        made = Ground(infrastructure, settings, database)
        made.queue = await stack.enter_async_context(await EnrichmentQueue.connect(settings))
        try:
            yield made
        finally:
            for worker in made.workers:
                if worker.returncode is None:
                    worker.kill()
                    await worker.wait()
