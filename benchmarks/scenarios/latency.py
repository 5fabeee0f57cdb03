"""(c) How long from the accept to the end of a job that is next to nothing, when there is room."""

from functools import partial

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.scenario import Scenario, at_most
from benchmarks.systems import BullMQ, System

CALM = 10.0
"""Jobs per second."""
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


async def run(bench: Bench) -> None:
    rates = {"at 10 jobs/s": CALM}
    if not bench.quick:
        rates["at half of saturation"] = await _half_of_saturation(bench)
    for name, rate in rates.items():
        measurements = [partial(_jobs, bench, system, rate, name) for system in bench.contenders()]
        await bench.interleaved(*measurements, rounds=bench.pick(1, 2))


async def _half_of_saturation(bench: Bench) -> float:
    async with bench.ours.awake():
        count = 150
        ended, _ = await bench.jobs(bench.ours, count)
    rate = round(count / ended.seconds / 2, 1)
    bench.note(f"Half of our saturation is {rate:g} jobs/s; both are given that.")
    return rate


async def _jobs(bench: Bench, system: System, rate: float, name: str) -> None:
    count = round(rate * bench.pick(4, 6))
    async with system.awake():
        await bench.jobs(system, 20)  # warm
        mark = await system.record.mark()
        await load.send_at(system.url, system.requests(count), rate)
        ended = await system.record.completed(mark, count)
    for percentile, share in PERCENTILES.items():
        bench.add(f"{percentile} {name}", "ms", load.percentile(ended.latencies_ms, share), system.name)


SCENARIO = Scenario(
    name="latency",
    question="How long from the accept to the end of a job, when there is room?",
    peer="BullMQ",
    goals=(at_most("p50 at 10 jobs/s", 3.0, of=BullMQ.name),),
    run=run,
)
