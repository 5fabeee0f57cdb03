"""(d) How many jobs a second one API process accepts, each stored before the answer; no worker runs."""

from functools import partial

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.scenario import Scenario, at_least, at_most
from benchmarks.systems import BullMQ, System

CONNECTIONS = (1, 16, 64)


async def run(bench: Bench) -> None:
    for count in CONNECTIONS:
        await bench.interleaved(*(partial(_accepts, bench, system, count) for system in bench.contenders()))


async def _accepts(bench: Bench, system: System, connections: int) -> None:
    seconds = bench.pick(1.0, 2.0)
    request = system.request()
    async with system.awake(worker=False):
        await load.send_for(system.url, lambda: request, connections, 1.0)  # warm
        meter = bench.meter(system)
        accepted = await load.send_for(system.url, lambda: request, connections, seconds)
        used = bench.used(meter)
        await bench.clear()  # before a worker wakes to a backlog that nobody asked about
    where = f"at {connections} connection{'s' if connections > 1 else ''}"
    bench.add(f"accepts/s {where}", "/s", accepted.per_second, system.name)
    bench.add(f"p99 {where}", "ms", accepted.percentile(0.99), system.name)
    for process in ("api", "postgres"):
        cost = used.cpu_s[process] * 1000 / len(accepted.latencies_ms)
        bench.add(f"{process}, CPU per accept {where}", "ms", cost, system.name)


SCENARIO = Scenario(
    name="accepts",
    question="How many jobs a second does one API process accept, each stored before it is answered?",
    peer="Fastify, BullMQ and a row per job, also one process",
    goals=(
        at_least("accepts/s at 64 connections", 1.0, of=BullMQ.name),
        at_most("p99 at 64 connections", 1.0, of=BullMQ.name),
    ),
    run=run,
)
