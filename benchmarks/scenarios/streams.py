"""(e) How late those who follow a job see it change, when many follow, and what a crowd of followers takes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

from redis.asyncio import Redis

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.meter import resident_mb
from benchmarks.scenario import Scenario, at_most
from benchmarks.systems import CANDIDATE
from enrichment.models import Progress
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore

FOLLOWERS, CROWD = 100, 500
CHANGES = 50
GAP_S = 0.1

Seen = list[tuple[int, float]]
"""The percentages that followers have seen, and when."""


async def run(bench: Bench) -> None:
    await bench.interleaved(partial(_delays, bench), partial(_crowd, bench), rounds=1)


async def _delays(bench: Bench) -> None:
    async with _followed(bench, FOLLOWERS) as (job_id, seen):
        told = await _tell(bench, job_id)
    delays = [(at - told[percentage]) * 1000 for percentage, at in seen if percentage in told]
    bench.add("changes seen by each of 100 followers", "of 50", len(delays) / FOLLOWERS)
    bench.add("delay p50", "ms", load.percentile(delays, 0.5))
    bench.add("delay p99", "ms", load.percentile(delays, 0.99))


async def _crowd(bench: Bench) -> None:
    async with _followed(bench, CROWD) as (job_id, seen):
        await _tell(bench, job_id)
        async with Redis.from_url(bench.stack.infrastructure.environment["REDIS_URL"]) as redis:
            subscribers = await redis.client_list(_type="pubsub")
        bench.add("API, resident with 500 followers", "MB", resident_mb(bench.stack.pids["api"]))
    bench.add("Redis subscribers with 500 followers", "connections", len(subscribers))
    bench.add("changes seen by each of 500 followers", "of 50", sum(percentage > 0 for percentage, _ in seen) / CROWD)


@asynccontextmanager
async def _followed(bench: Bench, followers: int) -> AsyncIterator[tuple[str, Seen]]:
    """A job that nobody works on, and what so many followers of it see; they have two seconds after the last change."""
    url = bench.ours.url
    async with bench.ours.awake(worker=False), load.connections(url, 1) as (connection,):
        body = {"type": "skills_optimization", "candidateData": CANDIDATE}
        job_id = json.loads(await connection.send(load.post(url, body)))["jobId"]
        seen: Seen = []
        following = [asyncio.create_task(_follower(f"{url}/jobs/{job_id}/events", seen)) for _ in range(followers)]
        await asyncio.sleep(1)  # until all follow
        yield job_id, seen
        await asyncio.wait(following, timeout=2)
        for follower in following:
            follower.cancel()
        await bench.clear()


async def _tell(bench: Bench, job_id: str) -> dict[int, float]:
    """Reports as a worker does; when it told of which percentage."""
    variables = {name.lower(): value for name, value in bench.stack.infrastructure.environment.items()}
    progress = ProgressStore.connect(Settings.model_validate(variables))
    told: dict[int, float] = {}
    for percentage in range(1, CHANGES + 1):
        told[percentage] = time.perf_counter()
        await progress.report(job_id, 1, Progress(percentage=percentage, stage="reading", message="Reading"))
        await asyncio.sleep(GAP_S)
    await progress.close()
    return told


async def _follower(url: str, seen: Seen) -> None:
    """Reads one stream until the last change is seen."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(load.get(url))
    percentage = 0
    try:
        while percentage < CHANGES:
            line = await reader.readline()
            if line.startswith(b"data:"):
                percentage = json.loads(line[5:])["percentage"]
                seen.append((percentage, time.perf_counter()))
    finally:
        writer.close()


SCENARIO = Scenario(
    name="streams",
    question="How late do 100 followers of one job see it change, ten times a second, and what do 500 take?",
    peer="none: the peers here have no stream",
    goals=(at_most("Redis subscribers with 500 followers", 1), at_most("API, resident with 500 followers", 150)),
    run=run,
)
