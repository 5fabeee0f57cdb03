"""(a) How many jobs a second the whole product does when a job is next to nothing."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from benchmarks.bench import Bench
from benchmarks.meter import Meter
from benchmarks.scenario import Scenario, at_least
from benchmarks.systems import System

RATE, COST, LIMIT = "no-op jobs/s", "CPU per job", "bare workflow"


async def run(bench: Bench) -> None:
    measurements = [partial(_jobs, bench, system) for system in bench.contenders(taskiq=True)]
    await bench.interleaved(*measurements, partial(_limit, bench))


async def _jobs(bench: Bench, system: System) -> None:
    is_ours = system is bench.ours
    count = bench.pick(100, 250) if is_ours else bench.pick(1_000, 2_000)
    async with system.awake():
        await bench.jobs(system, 50 if is_ours else 300)  # warm
        ended, used = await bench.jobs(system, count)
    bench.add(RATE, "jobs/s", count / ended.seconds, system.name)
    bench.add(COST, "ms", used.total_s * 1000 / count, system.name)


async def _limit(bench: Bench) -> None:
    """On the product's own Temporal server, with the product's API and worker asleep."""
    bench.ours.wake("temporal")
    count = bench.pick(100, 250)
    try:
        async with _bare_workflows(bench.stack.infrastructure.temporal_address) as process:
            await _ask(process, 50)
            meter = Meter({"worker": process.pid, "temporal": bench.stack.pids["temporal"]})
            seconds = await _ask(process, count)
            used = meter.stop()
    finally:
        bench.ours.sleep("temporal")
    bench.add(RATE, "jobs/s", count / seconds, LIMIT)
    bench.add(COST, "ms", used.total_s * 1000 / count, LIMIT)


@asynccontextmanager
async def _bare_workflows(address: str) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "benchmarks.peers.workflow", address)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 both are pipes
    try:
        await process.stdout.readline()
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def _ask(process: Process, count: int) -> float:
    """The seconds that so many took."""
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 both are pipes
    process.stdin.write(f"{count}\n".encode())
    return float(await process.stdout.readline())


SCENARIO = Scenario(
    name="throughput",
    question="How many jobs a second when a job is next to nothing, row, progress, history and attributes included?",
    peer="BullMQ and taskiq with a row per job; a bare Temporal workflow with one empty activity as the limit",
    goals=(at_least(RATE, 0.9, of=LIMIT),),
    run=run,
)
