"""`python -m benchmarks [--quick] [--only SCENARIO …] [--output DIR]`: runs the scenarios and writes the report."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import machine, report
from benchmarks.bench import Bench, opened
from benchmarks.ledger import Ledger
from benchmarks.peers import node
from benchmarks.scenario import Scenario
from benchmarks.scenarios import SCENARIOS

DEFAULT_OUTPUT = Path(".build") / "benchmarks"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and one round: two minutes instead of ten")
    parser.add_argument(
        "--only", metavar="SCENARIO", action="append", choices=[scenario.name for scenario in SCENARIOS], default=[]
    )
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="where report.md and report.json are put")
    arguments = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if not arguments.only or scenario.name in arguments.only]
    os.environ["ENRICHMENT_REHEARSAL"] = "true"  # work of a given length, without a model
    where, ledger = uvloop.run(_run(chosen, quick=arguments.quick))
    text = report.as_markdown(where, chosen, ledger)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "report.md").write_text(text)
    (output / "report.json").write_text(json.dumps(report.as_json(where, chosen, ledger), indent=2) + "\n")
    sys.stdout.write(text)
    return 0


async def _run(chosen: Sequence[Scenario], *, quick: bool) -> tuple[dict[str, Any], Ledger]:
    """Where it ran, and what was measured."""
    programs = None
    try:
        programs = await node.install()
    except node.NotInstalled as reason:
        sys.stderr.write(f"BullMQ is left out: {reason}\n")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as data_dir:
        async with opened(Path(data_dir), programs, quick=quick) as bench:
            for scenario in chosen:
                await bench.run(scenario)
            return machine.describe(await _servers(bench)), bench.ledger


async def _servers(bench: Bench) -> dict[str, str]:
    found = {"postgres": await bench.database.fetchval("SHOW server_version")}
    return found | (await node.versions() if bench.bullmq else {})


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Temporal's runtime aborts now and then while the interpreter shuts down
