"""(e) How many reads of a running job's progress a second one API process answers."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle, repeat

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.meter import Meter
from benchmarks.scenario import OURS, Scenario, at_least
from benchmarks.systems import CANDIDATE
from enrichment.devstack.ports import free_port
from enrichment.devstack.process import Command
from enrichment.queues import QUEUES

CONNECTIONS = 32
RATE, TAIL, LIMIT = "reads/s", "p99", "FastAPI hello"


async def run(bench: Bench) -> None:
    await bench.interleaved(partial(_progress, bench), partial(_hello, bench))


async def _progress(bench: Bench) -> None:
    async with bench.ours.awake(), _running_jobs(bench) as job_ids:
        requests = cycle([load.get(f"{bench.ours.url}?jobId={job_id}") for job_id in job_ids])
        await _read(bench, bench.ours.url, requests, OURS, bench.stack.pids["api"])


async def _hello(bench: Bench) -> None:
    port = free_port()
    arguments = ("-m", "benchmarks.peers.serve", "benchmarks.peers.hello:app", str(port))
    async with bench.taskiq.process("hello", Command((sys.executable, *arguments))) as pid:
        url = f"http://127.0.0.1:{port}/hello"
        await _read(bench, url, repeat(load.get(url)), LIMIT, pid)


async def _read(bench: Bench, url: str, requests: Iterator[bytes], who: str, pid: int) -> None:
    await load.send_for(url, requests.__next__, CONNECTIONS, 0.5)  # warm
    meter = Meter({"api": pid})
    answered = await load.send_for(url, requests.__next__, CONNECTIONS, bench.pick(1.0, 2.0))
    used = bench.used(meter)
    bench.add(RATE, "/s", answered.per_second, who)
    bench.add(TAIL, "ms", answered.percentile(0.99), who)
    bench.add("api, CPU per read", "ms", used.cpu_s["api"] * 1000 / len(answered.latencies_ms), who)


@asynccontextmanager
async def _running_jobs(bench: Bench) -> AsyncIterator[list[str]]:
    """As many jobs as there are slots, in the middle of their work for as long as the block runs."""
    url, mark = bench.ours.url, await bench.ours.record.mark()
    body = {"type": "skills_optimization", "candidateData": CANDIDATE, "options": {"rehearse": {"stageMs": 60_000}}}
    async with load.connections(url, 1) as (connection,):
        requests = [load.post(url, body | {"priority": queue.band}) for queue in QUEUES for _ in range(queue.slots)]
        job_ids = [json.loads(await connection.send(request))["jobId"] for request in requests]
        await bench.ours.record.running(mark, len(job_ids))
        yield job_ids
        for job_id in job_ids:
            await connection.send(load.post(f"{url}/jobs/{job_id}/cancel", {}))


SCENARIO = Scenario(
    name="reads",
    question="How many reads of running jobs' progress a second does one API process answer?",
    peer="a FastAPI with nothing behind it, on the same server settings, as the limit",
    goals=(at_least(RATE, 0.8, of=LIMIT),),
    run=run,
)
