"""`kill -9` of the worker beside an answer that was paid for. `make kills` does it fifty times."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from enrichment.models import Job, JobStatus
from tests.integration.models import Models, candidate, stack

KILLS = int(os.environ.get("ENRICHMENT_KILLS", "2"))
pytestmark = pytest.mark.timeout(120 + 30 * KILLS)
MORTAL = str(Path(__file__).with_name("mortal_worker.py"))


@pytest.fixture(scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Models]:
    async with stack(tmp_path_factory.mktemp("kills"), has_worker=False) as started:
        yield started


async def killed(models: Models, moment: str) -> tuple[list[Job], int]:
    """One job after the other loses its worker at the moment; the ended jobs, and the requests that they took."""
    mark, token = models.provider.mark("good")
    ids = [await models.submit(candidate(mark, f"number {number}")) for number in range(KILLS)]
    ended = asyncio.gather(*map(models.ended, ids))
    slots = {"ENRICHMENT_SLOTS_CRITICAL": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    for _ in ids:
        worker = await models.start_worker(MORTAL, moment, **slots)
        async with asyncio.timeout(60):
            assert await worker.wait() == -signal.SIGKILL
    survivor = await models.start_worker()
    try:
        async with asyncio.timeout(60):
            return await ended, models.provider.seen[token].count
    finally:
        survivor.terminate()
        await survivor.wait()


async def test_an_answer_that_is_stored_is_not_paid_again(models: Models) -> None:
    jobs, requests = await killed(models, "stored")
    assert requests == KILLS
    assert {(job.status, job.retry_count) for job in jobs} == {(JobStatus.COMPLETED, 1)}
    assert {job.usage.input_tokens for job in jobs if job.usage} == {1_000}
    assert {job.result["usage"]["requests"] for job in jobs if job.result} == {1}


async def test_an_answer_that_was_not_stored_is_paid_once_more_for_each_kill(models: Models) -> None:
    jobs, requests = await killed(models, "answered")
    assert requests <= 2 * KILLS
    assert {(job.status, job.retry_count) for job in jobs} == {(JobStatus.COMPLETED, 1)}
