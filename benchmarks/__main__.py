"""`python -m benchmarks [--quick] [--only SCENARIO …] [--output DIR] [--keep FILE]`: runs them, writes the report."""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks import machine, report
from benchmarks.bench import Bench, opened
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
    parser.add_argument("--keep", metavar="FILE", type=Path, help="put the Markdown here too")
    arguments = parser.parse_args()
    chosen = [scenario for scenario in SCENARIOS if not arguments.only or scenario.name in arguments.only]
    os.environ["ENRICHMENT_REHEARSAL"] = "true"  # work of a given length, without a model
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    text = ""
    with contextlib.suppress(KeyboardInterrupt):
        text = uvloop.run(_run(chosen, output, quick=arguments.quick))
    if not text:
        sys.stderr.write(f"Broken off; what was measured by then is in {output / 'report.md'}\n")
        return 1
    if arguments.keep:
        arguments.keep.write_text(text)
    sys.stdout.write(text)
    return 0


async def _run(chosen: Sequence[Scenario], output: Path, *, quick: bool) -> str:
    """The report. It is written anew after each scenario, so that nothing that was measured is lost."""
    programs, text = None, ""
    try:
        programs = await node.install()
    except node.NotInstalled as reason:
        sys.stderr.write(f"BullMQ is left out: {reason}\n")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as data_dir:
        async with opened(Path(data_dir), programs, quick=quick) as bench:
            where = machine.describe(await _servers(bench), quick=quick)
            for scenario in chosen:
                await bench.run(scenario)
                where["minutes"] = round((time.monotonic() - began) / 60, 1)
                text = report.as_markdown(where, chosen, bench.ledger)
                (output / "report.md").write_text(text)
                told = report.as_json(where, chosen, bench.ledger)
                (output / "report.json").write_text(json.dumps(told, indent=2) + "\n")
    return text


async def _servers(bench: Bench) -> dict[str, str]:
    found = {"postgres": await bench.database.fetchval("SHOW server_version")}
    return found | (await node.versions() if bench.bullmq else {})


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Temporal's runtime aborts now and then while the interpreter shuts down
