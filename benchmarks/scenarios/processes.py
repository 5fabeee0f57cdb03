"""(i) What each process of the stack takes: memory at rest and after work, CPU time per job."""

from functools import partial

from benchmarks.bench import Bench
from benchmarks.meter import resident_mb
from benchmarks.scenario import Scenario, at_most

PROCESSES = ("api", "worker", "temporal", "postgres", "redis")


async def run(bench: Bench) -> None:
    await bench.interleaved(partial(_jobs, bench), rounds=bench.pick(1, 2))


async def _jobs(bench: Bench) -> None:
    count = bench.pick(100, 200)
    async with bench.ours.awake():
        await bench.ours.restart_worker()  # new processes, whatever was measured before
        await bench.stack.api.stop()
        await bench.stack.api.start()
        for name in ("api", "worker"):
            bench.add(f"{name}, resident at rest", "MB", resident_mb(bench.stack.pids[name]))
        _, used = await bench.jobs(bench.ours, count)
        for name in PROCESSES:
            bench.add(f"{name}, CPU per job", "ms", used.cpu_s[name] * 1000 / count)
            bench.add(f"{name}, resident after work", "MB", resident_mb(bench.stack.pids[name]))


SCENARIO = Scenario(
    name="processes",
    question="What does each process take: memory, and CPU time per job?",
    peer="none: `throughput` has the peers' CPU time per job",
    goals=(at_most("worker, resident at rest", 120), at_most("api, resident at rest", 120)),
    run=run,
)
