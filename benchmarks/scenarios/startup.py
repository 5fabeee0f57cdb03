"""(j) From the command to the answer: API and worker."""

import time
from functools import partial

from benchmarks.bench import Bench
from benchmarks.scenario import OURS, Scenario, at_most
from benchmarks.systems import Peer
from enrichment.devstack.child import Child


async def run(bench: Bench) -> None:
    measurements = [partial(_ours, bench, "api", bench.stack.api), partial(_ours, bench, "worker", bench.stack.worker)]
    if bench.bullmq:
        measurements += [partial(_peer, bench, bench.bullmq, "api"), partial(_peer, bench, bench.bullmq, "worker")]
    await bench.interleaved(*measurements)


async def _ours(bench: Bench, name: str, child: Child) -> None:
    async with bench.ours.awake():
        await child.stop()
        began = time.monotonic()
        await child.start()
        bench.add(f"{name}, start to ready", "s", time.monotonic() - began, OURS)


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
