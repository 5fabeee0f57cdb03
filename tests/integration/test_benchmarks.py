"""The benchmarks measure something: a tiny scenario on a stack of its own, ours and a peer in turn."""

from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, opened
from benchmarks.scenario import OURS, Scenario
from benchmarks.systems import System

JOBS = 4


async def test_a_scenario_measures_ours_and_a_peer(tmp_path: Path) -> None:
    async def run(bench: Bench) -> None:
        await bench.interleaved(*(partial(measure, bench, system) for system in (bench.ours, bench.taskiq)))

    async def measure(bench: Bench, system: System) -> None:
        async with system.awake():
            ended, used = await bench.jobs(system, JOBS)
        bench.add("jobs", "", len(ended.latencies_ms), system.name)
        bench.add("CPU", "s", used.total_s, system.name)

    async with opened(tmp_path, quick=True) as bench:
        await bench.run(Scenario("tiny", "Does it measure?", "taskiq", (), run))

        figures = {(figure.name, figure.who): figure.median for figure in bench.ledger.of("tiny")}
        assert figures["jobs", OURS] == figures["jobs", "taskiq"] == JOBS
        assert figures["CPU", OURS] > 0
        assert not [note for note in bench.ledger.notes("tiny") if note.startswith("Broken off")]
