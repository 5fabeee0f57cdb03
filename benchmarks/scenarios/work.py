"""(b) Jobs that take as long as a model does, in slots of 5, 3, 2 and 1."""

from functools import partial

from benchmarks.bench import Bench
from benchmarks.scenario import Scenario, at_least
from benchmarks.systems import BullMQ, System

JOBS = {50: (60, 160), 200: (40, 120), 1_000: (8, 24)}
"""By milliseconds of work: how many, quick and in full, to the four queues in turn; that of one slot ends last."""


async def run(bench: Bench) -> None:
    for work_ms in JOBS:
        measurements = [partial(_jobs, bench, system, work_ms) for system in bench.contenders()]
        await bench.interleaved(*measurements, rounds=bench.pick(1, 2))


async def _jobs(bench: Bench, system: System, work_ms: int) -> None:
    count = bench.pick(*JOBS[work_ms])
    async with system.awake():
        await bench.jobs(system, 20)  # warm
        ended, _ = await bench.jobs(system, count, work_ms)
    bench.add(f"{work_ms:,} ms jobs/s", "jobs/s", count / ended.seconds, system.name)


SCENARIO = Scenario(
    name="work",
    question="How many jobs a second when each takes 50, 200 or 1,000 ms, in slots of 5, 3, 2 and 1?",
    peer="BullMQ with the same slots",
    goals=(at_least("200 ms jobs/s", 1.0, of=BullMQ.name), at_least("1,000 ms jobs/s", 1.0, of=BullMQ.name)),
    run=run,
)
