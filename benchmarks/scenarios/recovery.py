"""(g) A worker with ten running jobs is killed: how long until all of them run again."""

import os
import signal
import time
from functools import partial

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.meter import tree
from benchmarks.scenario import OURS, Scenario, at_most
from benchmarks.systems import System

JOBS, WORK_MS = 10, 4_500
AGAIN = "kill -9 until all run again"


async def run(bench: Bench) -> None:
    async with bench.ours.awake():
        await bench.ours.restart_worker(ENRICHMENT_SLOTS_CRITICAL=str(JOBS))
    measurements = [partial(_ours, bench)]
    await bench.interleaved(*measurements)
    async with bench.ours.awake():
        await bench.ours.restart_worker()
    if bench.bullmq and not bench.quick:
        bench.bullmq.variables["SLOTS"] = str(JOBS)
        await bench.clear()
        await _bullmq(bench)
        bench.bullmq.variables.clear()
    else:
        bench.note(
            "BullMQ waits for its 30 s lock and the look for stalled jobs: a minute, measured in a full run only."
        )


async def _ours(bench: Bench) -> None:
    """Its supervisor starts a new worker, as a production's would."""
    ours = bench.ours
    async with ours.awake():
        mark = await _running(ours)
        killed = _kill(bench.stack.pids["worker"])
        await ours.record.begun_again(mark, JOBS)
        bench.add(AGAIN, "s", time.monotonic() - killed, OURS)
        await ours.record.completed(mark, JOBS)


async def _bullmq(bench: Bench) -> None:
    bullmq = bench.bullmq
    assert bullmq  # noqa: S101 asked before
    async with bullmq.awake():
        mark = await _running(bullmq)
        killed = _kill(bullmq.pids["worker"])
        async with bullmq.process("worker-again", bullmq.worker()):
            await bullmq.record.begun_again(mark, JOBS)
            bench.add(AGAIN, "s", time.monotonic() - killed, bullmq.name)


async def _running(system: System) -> str:
    """Ten jobs in the middle of their work; the mark before them."""
    mark = await system.record.mark()
    await load.send_all(system.url, [system.request("critical", WORK_MS)] * JOBS, 1)
    await system.record.running(mark, JOBS)
    return mark


def _kill(pid: int) -> float:
    for process in list(tree(pid)):
        os.kill(process.pid, signal.SIGKILL)
    return time.monotonic()


SCENARIO = Scenario(
    name="recovery",
    question="A worker with ten running jobs is killed: how long until all of them run again?",
    peer="BullMQ with its default locks",
    goals=(at_most(AGAIN, 3.0),),
    run=run,
)
