"""(e) How late those who follow a job see it change, when many follow."""

import asyncio
import json
import time
from functools import partial
from urllib.parse import urlsplit

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.scenario import Scenario
from benchmarks.systems import CANDIDATE
from enrichment.models import Progress
from enrichment.progress import ProgressStore
from enrichment.settings import Settings

FOLLOWERS = 100
CHANGES = 50
GAP_S = 0.1


async def run(bench: Bench) -> None:
    await bench.interleaved(partial(_follow, bench), rounds=bench.pick(1, 2))


async def _follow(bench: Bench) -> None:
    url = bench.ours.url
    async with bench.ours.awake(worker=False), load.connections(url, 1) as (connection,):
        body = {"type": "skills_optimization", "candidateData": CANDIDATE}
        job_id = json.loads(await connection.send(load.post(url, body)))["jobId"]
        told: dict[int, float] = {}
        delays: list[float] = []
        following = [
            asyncio.create_task(_follower(f"{url}/jobs/{job_id}/events", told, delays)) for _ in range(FOLLOWERS)
        ]
        await asyncio.sleep(1)  # until all follow
        await _tell(bench, job_id, told)
        await asyncio.wait(following, timeout=2)
        for follower in following:
            follower.cancel()
        await bench.clear()
    bench.add("changes seen by each of 100 followers", "of 50", len(delays) / FOLLOWERS)
    bench.add("delay p50", "ms", load.percentile(delays, 0.5))
    bench.add("delay p99", "ms", load.percentile(delays, 0.99))


async def _tell(bench: Bench, job_id: str, told: dict[int, float]) -> None:
    """Reports as a worker does."""
    variables = {name.lower(): value for name, value in bench.stack.infrastructure.environment.items()}
    progress = ProgressStore.connect(Settings.model_validate(variables))
    for percentage in range(1, CHANGES + 1):
        told[percentage] = time.perf_counter()
        await progress.report(job_id, 1, Progress(percentage=percentage, stage="reading", message="Reading"))
        await asyncio.sleep(GAP_S)
    await progress.close()


async def _follower(url: str, told: dict[int, float], delays: list[float]) -> None:
    """Reads one stream until the last change is seen."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(load.get(url))
    seen = 0
    try:
        while seen < CHANGES:
            line = await reader.readline()
            if line.startswith(b"data:"):
                seen = json.loads(line[5:])["percentage"]
                if seen in told:
                    delays.append((time.perf_counter() - told[seen]) * 1000)
    finally:
        writer.close()


SCENARIO = Scenario(
    name="streams",
    question="How late do 100 followers of one job see it change, ten times a second?",
    peer="none: the peers here have no stream",
    goals=(),
    run=run,
)
