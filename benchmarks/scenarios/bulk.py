"""(f) Many candidates at once."""

import json
from functools import partial
from typing import Any

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.scenario import OURS, Scenario, at_least, at_most
from benchmarks.systems import CANDIDATE, STAGES, BullMQ, System

SLOTS = 11
AT_ONCE = 100
"""The peer is handed so many candidates per request: its own way to add a bulk."""
WORK_MS = 200
IDEAL = f"makespan/ideal at {WORK_MS} ms"


async def run(bench: Bench) -> None:
    async with bench.ours.awake():
        await bench.ours.restart_worker(ENRICHMENT_SLOTS_LOW=str(SLOTS))
    if bench.bullmq:
        bench.bullmq.variables["SLOTS"] = str(SLOTS)
    try:
        for count in bench.pick((2_000,), (2_000, 12_000)):
            measurements = [partial(_no_op, bench, system, count) for system in bench.contenders()]
            await bench.interleaved(*measurements, rounds=bench.pick(1, 2) if count < 10_000 else 1)
        await bench.interleaved(*(partial(_work, bench, system) for system in bench.contenders()), rounds=1)
    finally:
        async with bench.ours.awake():
            await bench.ours.restart_worker()
        if bench.bullmq:
            bench.bullmq.variables.clear()


async def _no_op(bench: Bench, system: System, count: int) -> None:
    async with system.awake():
        await bench.jobs(system, 20)  # warm
        seconds = await _makespan(bench, system, count, 0)
    bench.add(f"no-op jobs/s, bulk of {count:,}", "jobs/s", count / seconds, system.name)


async def _work(bench: Bench, system: System) -> None:
    count = bench.pick(220, 550)
    async with system.awake():
        await bench.jobs(system, 20)  # warm
        seconds = await _makespan(bench, system, count, WORK_MS)
    ideal = count * (WORK_MS // STAGES * STAGES) / 1000 / SLOTS
    bench.add(IDEAL, "×", seconds / ideal, system.name)


async def _makespan(bench: Bench, system: System, count: int, work_ms: int) -> float:
    """Seconds from the first row to the end of the last job."""
    mark = await system.record.mark()
    if system.name == OURS:
        await _submit_ours(bench, count, work_ms)
        return (await system.record.completed(mark, count + 1)).seconds  # the bulk is a row too
    candidates, work_ms = _candidates(count), work_ms // STAGES * STAGES
    some = [candidates[first : first + AT_ONCE] for first in range(0, count, AT_ONCE)]
    bodies = [{"priority": "low", "payloads": payloads, "workMs": work_ms} for payloads in some]
    await load.send_all(system.url, [load.post(f"{system.url}/bulk", body) for body in bodies], 1)
    return (await system.record.completed(mark, count)).seconds


def _candidates(count: int) -> list[dict[str, Any]]:
    """No two alike: equal work is done once, and that is not in question here."""
    return [CANDIDATE | {"basics": {"name": f"Ada Example the {number}."}} for number in range(count)]


async def _submit_ours(bench: Bench, count: int, work_ms: int) -> None:
    """As lines where a rehearsal is not asked for: only a JSON bulk takes one, and no more than a thousand of them."""
    url = bench.ours.url
    if work_ms:
        body = {
            "type": "bulk_candidate_enrichment",
            "priority": "low",
            "candidates": _candidates(count),
            "options": {"type": "skills_optimization", "rehearse": {"stageMs": work_ms // STAGES}},
        }
        request = load.post(url, body)
    else:
        lines = "\n".join(map(json.dumps, _candidates(count))).encode()
        request = load.post_lines(f"{url}/bulk?type=skills_optimization&priority=low", lines)
    await load.send_all(url, [request], 1)


SCENARIO = Scenario(
    name="bulk",
    question="How many candidates of a bulk a second, and how near to ideal when each takes 200 ms in 11 slots?",
    peer="BullMQ's addBulk with a row per job, 100 at a time, 11 slots",
    goals=(at_least("no-op jobs/s, bulk of 2,000", 1.0, of=BullMQ.name), at_most(IDEAL, 1.03)),
    run=run,
)
