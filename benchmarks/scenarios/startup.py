"""(j) From the command to the answer: API and worker."""

import sys
import time
from functools import partial

from benchmarks.bench import Bench
from benchmarks.scenario import OURS, Scenario, at_most
from benchmarks.systems import Peer
from enrichment.devstack.child import Child
from enrichment.devstack.process import Command, end, spawn
from enrichment.devstack.product import Product
from enrichment.devstack.program import Run


async def run(bench: Bench) -> None:
    measurements = [partial(_ours, bench, bench.stack.api), partial(_ours, bench, bench.stack.worker)]
    if bench.bullmq:
        measurements += [partial(_peer, bench, bench.bullmq, "api"), partial(_peer, bench, bench.bullmq, "worker")]
    await bench.interleaved(*measurements)


async def _ours(bench: Bench, child: Child) -> None:
    program = child.program
    assert isinstance(program, Product)  # noqa: S101 both of them are
    async with bench.ours.awake():
        await child.stop()
        bench.add(f"{program.name}, start to ready", "s", await _alone(bench, program), OURS)
        began = time.monotonic()
        await child.start()
        bench.add(f"{program.name}, forked by the stack to ready", "s", time.monotonic() - began, OURS)


async def _alone(bench: Bench, program: Product) -> float:
    """Seconds from its command, as a production runs it, to ready. The stack's own have loaded it before."""
    command = Command((sys.executable, "-P", "-m", *program.argv()), env=program.environment())
    log = bench.stack.infrastructure.directory.log(f"{program.name}-alone")
    began = time.monotonic()
    process = await spawn(command, log)
    try:
        await program.ready(Run(process.pid, log))
        return time.monotonic() - began
    finally:
        await end(process, program.stop)


async def _peer(bench: Bench, peer: Peer, name: str) -> None:
    command = peer.api() if name == "api" else peer.worker()
    began = time.monotonic()
    async with peer.process(f"{name}-start", command):
        bench.add(f"{name}, start to ready", "s", time.monotonic() - began, peer.name)


SCENARIO = Scenario(
    name="startup",
    question="How long from the command until the API answers and the worker serves?",
    peer="the BullMQ programs",
    goals=(at_most("api, start to ready", 1.5), at_most("worker, start to ready", 1.5)),
    run=run,
)
