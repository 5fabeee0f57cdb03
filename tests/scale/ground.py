"""The product's own stack for one scenario, its worker with work of a known length, and clients to use and watch it."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
from sqlalchemy import text
from temporalio.client import Client

from enrichment import temporal
from enrichment.db import Database
from enrichment.devstack.product import CommandLines
from enrichment.devstack.stack import Stack
from enrichment.settings import Settings

BULK = "/api/enrichment/bulk"
BAND = "critical"
PIECE = 500
LOOK_EVERY_S = 0.1


class Ground:
    """Runs while its block does. `calls` is where the worker writes whom it enriches, when WORK is a time."""

    database: Database
    http: httpx.AsyncClient
    temporal: Client

    def __init__(self, directory: Path, work: str, slots: int) -> None:
        self.calls = directory / "calls"
        os.environ |= {
            f"ENRICHMENT_SLOTS_{BAND.upper()}": str(slots),
            "SCALE_WORK": work,
            "SCALE_CALLS": str(self.calls),
        }
        worker = CommandLines(worker=("tests.scale.worker",))
        self.stack = Stack(data_dir=directory / "stack", command_lines=worker)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self.stack)
            variables = {name.lower(): value for name, value in self.stack.infrastructure.environment.items()}
            settings = Settings.model_validate(variables)
            self.database = Database.connect(settings, application="scale", pool_size=2)
            opening.push_async_callback(self.database.close)
            self.http = await opening.enter_async_context(
                httpx.AsyncClient(base_url=self.stack.api_url, timeout=600, trust_env=False)
            )
            self.temporal = await temporal.connect(settings)
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def submit(self, jobs: int, **query: Any) -> str:
        """A bulk of so many candidates, sent as lines."""

        async def lines() -> AsyncIterator[bytes]:
            for start in range(0, jobs, PIECE):
                yield b"".join(candidate(n) for n in range(start, min(start + PIECE, jobs)))

        answer = await self.http.post(
            BULK, params={"priority": BAND, **query}, content=lines(), headers={"Content-Type": "application/x-ndjson"}
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["jobId"])

    async def job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = (await self.http.get(f"/api/enrichment/jobs/{job_id}")).raise_for_status().json()
        return job

    async def until(self, job_id: str, holds: Callable[[int, str], bool]) -> None:
        """Waits until it holds for how many of a bulk's jobs have ended and the bulk's status; asks the rows."""
        while True:
            row = await self.one(STANDS, bulk=job_id)
            if holds(row.ended, row.status):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def one(self, query: str, **parameters: Any) -> Any:
        """The one row of a query, past the product."""
        return (await self.database.execute(text(query), parameters)).one()

    async def kill(self, name: str) -> float:
        """Kills a part as `kill -9` does; how many seconds until the one that the stack starts instead is ready."""
        pid, began = self.stack.pids[name], time.monotonic()
        os.kill(pid, signal.SIGKILL)
        while self.stack.pids[name] == pid:
            await asyncio.sleep(LOOK_EVERY_S)
        return time.monotonic() - began

    def called(self) -> Counter[str]:
        """How often each candidate was enriched to the end."""
        return Counter(line.split()[1] for line in self.calls.read_text().splitlines() if line.startswith("ended"))

    def last_call_at(self) -> float:
        """When the last enrichment began, in seconds of the epoch."""
        return max(float(line.split()[2]) for line in self.calls.read_text().splitlines() if line.startswith("began"))

    async def longest_history(self, job_id: str) -> int:
        """Events of the longest history of a bulk's runs in Temporal."""
        executions = self.temporal.list_workflows(f"WorkflowId STARTS_WITH 'enrich-{job_id}'")
        return max([(await self._described(one.id, one.run_id)) async for one in executions])

    async def _described(self, workflow_id: str, run_id: str) -> int:
        length: int = (await self.temporal.get_workflow_handle(workflow_id, run_id=run_id).describe()).history_length
        return length

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds used so far, by program; of PostgreSQL with all its processes."""
        pids = self.stack.pids | {"client": os.getpid()}
        return {name: sum(_cpu_s(process) for process in _family(pid, name)) for name, pid in pids.items()}

    def rss_mb(self, name: str) -> float:
        rss: int = psutil.Process(self.stack.pids[name]).memory_info().rss
        return rss / 1e6


STANDS = """
    SELECT status, (SELECT count(*) FROM enrichment_job AS child
                    WHERE child.parent_id = bulk.id AND child.completed_at IS NOT NULL) AS ended
    FROM enrichment_job AS bulk WHERE bulk.id = :bulk
"""


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
