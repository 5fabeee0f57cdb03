"""Workers as processes: killed, and asked to stop, with jobs in their hands."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from enrichment import migrations
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.models import Job, JobStatus, JobType, Options, Rehearsal, Submission
from enrichment.queues import QUEUES
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from worker.run import GRACE

BANDS = [queue.band for queue in QUEUES]
ENDLESS = Options(rehearse=Rehearsal(stage_ms=60_000))


class Ground:
    """Servers of its own, a queue to submit to, and workers as they are asked for."""

    def __init__(self, infrastructure: Infrastructure, queue: EnrichmentQueue) -> None:
        self._environment = {**os.environ, **infrastructure.environment, "ENRICHMENT_REHEARSAL": "true"}
        self.queue = queue
        self.workers: list[Process] = []

    async def start_worker(self) -> Process:
        command = (sys.executable, "-P", "-m", "enrichment", "worker")
        worker = await asyncio.create_subprocess_exec(*command, env=self._environment, stdout=PIPE)
        self.workers.append(worker)
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"worker ready\n"
        return worker

    async def submit(self, priority: str) -> str:
        request = Submission(
            type=JobType.SKILLS_OPTIMIZATION, candidate_data={}, priority=priority, options=ENDLESS, max_retries=1
        )
        return (await self.queue.add_job(request)).id

    async def until(self, job_ids: list[str], holds: Callable[[Job], bool]) -> None:
        """Waits until it holds for each of the jobs."""

        async def one(job_id: str) -> None:
            async for job in self.queue.watch(job_id):
                if holds(job):
                    return
                assert not job.status.is_terminal, job.error

        async with asyncio.timeout(60):
            await asyncio.gather(*(one(job_id) for job_id in job_ids))


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        infrastructure = await stack.enter_async_context(Infrastructure(tmp_path))
        variables = {name.lower(): value for name, value in infrastructure.environment.items()}
        settings = Settings.model_validate({**variables, "ENRICHMENT_REHEARSAL": True})
        await asyncio.to_thread(migrations.upgrade, settings)
        queue = await stack.enter_async_context(await EnrichmentQueue.connect(settings))
        ground = Ground(infrastructure, queue)
        yield ground
        for worker in ground.workers:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()


def runs(attempt: int) -> Callable[[Job], bool]:
    """Whether a job runs, in this attempt."""

    def holds(job: Job) -> bool:
        return job.status is JobStatus.IN_PROGRESS and job.progress is not None and job.progress.attempt == attempt

    return holds


async def test_the_jobs_of_a_killed_worker_run_again_on_the_next(ground: Ground) -> None:
    first = await ground.start_worker()
    bands = ["critical"] * 5 + ["high"] * 3 + ["normal"] * 2
    job_ids = [await ground.submit(band) for band in bands]
    await ground.until(job_ids, runs(attempt=1))

    first.kill()
    await ground.start_worker()

    await ground.until(job_ids, runs(attempt=2))
    jobs = [await ground.queue.cancel_job(job_id) for job_id in job_ids]
    assert {job.retry_count for job in jobs} == {1}


async def test_a_worker_whose_queues_are_all_busy_stops_as_soon_as_one_whose_is(ground: Ground) -> None:
    first = await ground.start_worker()
    job_ids = [await ground.submit(band) for band in BANDS]
    await ground.until(job_ids, runs(attempt=1))

    first.send_signal(signal.SIGTERM)

    async with asyncio.timeout(3 * GRACE.total_seconds()):  # one queue after the other took four times as long
        assert await first.wait() == 0
    await ground.start_worker()
    await ground.until(job_ids, runs(attempt=1))
    jobs = [await ground.queue.cancel_job(job_id) for job_id in job_ids]
    assert {job.retry_count for job in jobs} == {0}


async def test_a_worker_that_is_asked_to_stop_hands_its_jobs_on_and_no_attempt_is_counted(ground: Ground) -> None:
    first = await ground.start_worker()
    job_id = await ground.submit("critical")
    await ground.until([job_id], runs(attempt=1))
    before = (await ground.queue.get_job_status(job_id)).progress
    assert before is not None
    await ground.start_worker()

    first.send_signal(signal.SIGTERM)

    assert await first.wait() == 0
    await ground.until([job_id], lambda job: job.progress is not None and job.progress.seq > before.seq)
    job = await ground.queue.get_job_status(job_id)
    assert (job.status, job.retry_count, job.progress and job.progress.attempt) == (JobStatus.IN_PROGRESS, 0, 1)
