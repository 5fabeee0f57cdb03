"""A stack of its own whose worker asks the provider of the tests."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enrichment import migrations
from enrichment.db import Database
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.models import Job, JobType, Options, Submission
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from tests.integration.access import PEPPER
from tests.provider import Provider, providing
from worker.run import running

CANARY = "zq7canary"
MODEL = "openai:gpt-4o-mini"
TIMEOUT_S = 5.0


def candidate(*marks: str) -> dict[str, Any]:
    """A candidate whose every personal field holds the canary, and whose work can be told."""
    return {
        "basics": {
            "name": f"Ada {CANARY}",
            "email": f"{CANARY}@example.com",
            "phone": f"+44 20 7946 0000 {CANARY}",
            "image": f"https://example.com/{CANARY}.png",
            "url": f"https://{CANARY}.example.com",
            "summary": f"Engineer. {CANARY.title()} builds, write to {CANARY}@example.com. {' '.join(marks)}",
            "location": {"address": f"1 {CANARY} Street", "postalCode": f"{CANARY} 7", "city": "Paris"},
            "profiles": [{"network": "GitHub", "username": CANARY, "url": f"https://github.com/{CANARY}"}],
            "birthDate": f"1990-01-01 {CANARY}",
            "nationality": f"{CANARY}ish",
            "gender": f"{CANARY} f",
        },
        "dailyRate": f"650 {CANARY}",
        "work": [
            {
                "name": "Initrode",
                "position": "Developer",
                "startDate": "2020-01",
                "endDate": "2021-12",
                "summary": "Built billing services in Python.",
            }
        ],
        "skills": [{"name": "Python"}],
        "references": [{"name": f"Bob {CANARY}", "reference": f"{CANARY} is good."}],
    }


@dataclass(frozen=True)
class Models:
    infrastructure: Infrastructure
    settings: Settings
    provider: Provider
    queue: EnrichmentQueue
    database: Database

    async def start_worker(self, *command: str, **variables: str) -> Process:
        """A worker as a process of its own; it is ready."""
        environment = {
            **os.environ,
            **self.infrastructure.environment,
            "ENRICHMENT_MODEL": self.settings.model,
            "ENRICHMENT_MODEL_BASE_URL": self.provider.base_url,
            "ENRICHMENT_KEY_PEPPER": PEPPER,
            **variables,
        }
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-P", *(command or ("-m", "enrichment", "worker")), env=environment, stdout=PIPE
        )
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"worker ready\n"
        return worker

    async def submit(self, data: dict[str, Any], **fields: Any) -> str:
        options = fields.pop("options", {})
        values: dict[str, Any] = {
            "type": JobType.CANDIDATE_PROFILE_ENHANCEMENT,
            "priority": "critical",
            "max_retries": 1,
            "candidate_data": data,
        }
        return (await self.queue.add_job(Submission(**{**values, **fields}, options=Options(**options)))).id

    async def ended(self, job_id: str) -> Job:
        async for job in self.queue.watch(job_id):
            if job.status.is_terminal:
                return job
        raise AssertionError("the stream ended before the job")


@asynccontextmanager
async def stack(directory: Path, *, has_worker: bool = True, **configured: Any) -> AsyncIterator[Models]:
    """PostgreSQL, Redis, Temporal, the provider, and a worker in this process that asks it, unless tests start some."""
    async with Infrastructure(directory) as infrastructure, providing() as provider:
        variables: dict[str, Any] = {name.lower(): value for name, value in infrastructure.environment.items()}
        settings = Settings(
            _env_file=None,
            **{
                "model": MODEL,
                "model_base_url": provider.base_url,
                "model_timeout_s": TIMEOUT_S,
                "key_pepper": PEPPER,
                **variables,
                **configured,
            },
        )
        await asyncio.to_thread(migrations.upgrade, settings)
        database = Database.connect(settings, application="tests")
        async with AsyncExitStack() as stack:
            queue = await stack.enter_async_context(await EnrichmentQueue.connect(settings))
            if has_worker:
                await stack.enter_async_context(running(settings))
            yield Models(infrastructure, settings, provider, queue, database)
        await database.close()
