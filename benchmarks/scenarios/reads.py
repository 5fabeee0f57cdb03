"""(e) How many reads of a running job's progress a second one API process answers."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.meter import Meter
from benchmarks.scenario import OURS, Scenario, at_least
from benchmarks.systems import CANDIDATE
from enrichment.devstack.ports import free_port
from enrichment.devstack.process import Command

CONNECTIONS = 32
RATE, TAIL, LIMIT = "reads/s", "p99", "FastAPI hello"


async def run(bench: Bench) -> None:
    await bench.interleaved(partial(_progress, bench), partial(_hello, bench))


async def _progress(bench: Bench) -> None:
    async with bench.ours.awake(), _running_job(bench) as job_id:
        await _read(bench, f"{bench.ours.url}?jobId={job_id}", OURS, bench.stack.pids["api"])


async def _hello(bench: Bench) -> None:
    port = free_port()
    arguments = ("-m", "benchmarks.peers.serve", "benchmarks.peers.hello:app", str(port))
    async with bench.taskiq.process("hello", Command((sys.executable, *arguments))) as pid:
        await _read(bench, f"http://127.0.0.1:{port}/hello", LIMIT, pid)


async def _read(bench: Bench, url: str, who: str, pid: int) -> None:
    request = load.get(url)
    await load.send_for(url, lambda: request, CONNECTIONS, 0.5)  # warm
    meter = Meter({"api": pid})
    answered = await load.send_for(url, lambda: request, CONNECTIONS, bench.pick(1.0, 2.0))
    used = bench.used(meter)
    bench.add(RATE, "/s", answered.per_second, who)
    bench.add(TAIL, "ms", answered.percentile(0.99), who)
    bench.add("api, CPU per read", "ms", used.cpu_s["api"] * 1000 / len(answered.latencies_ms), who)


@asynccontextmanager
async def _running_job(bench: Bench) -> AsyncIterator[str]:
    """A job that is in the middle of its work for as long as the block runs."""
    url = bench.ours.url
    rehearsal = {"rehearse": {"stageMs": 60_000}}
    body = {"type": "skills_optimization", "candidateData": CANDIDATE, "options": rehearsal}
    mark = await bench.ours.record.mark()
    async with load.connections(url, 1) as (connection,):
        job_id = json.loads(await connection.send(load.post(url, body)))["jobId"]
        await bench.ours.record.running(mark, 1)
        yield job_id
        await connection.send(load.post(f"{url}/jobs/{job_id}/cancel", {}))


SCENARIO = Scenario(
    name="reads",
    question="How many reads of a running job's progress a second does one API process answer?",
    peer="a FastAPI with nothing behind it, on the same server settings, as the limit",
    goals=(at_least(RATE, 0.8, of=LIMIT),),
    run=run,
)
