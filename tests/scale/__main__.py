"""`python -m tests.scale SCENARIO`. Exit code 1: what was promised did not hold."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.scale import scenarios
from tests.scale.ground import ground


async def main(arguments: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="scale-") as directory:
        async with ground(Path(directory)) as there:
            report = await scenarios.SCENARIOS[arguments.scenario](there, arguments)
    for name, value in report.figures.items():
        sys.stdout.write(f"{name:<28} {value}\n")
    for broken in report.broken:
        sys.stdout.write(f"BROKEN: {broken}\n")
    return not report.broken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("scenario", choices=scenarios.SCENARIOS)
    parser.add_argument("--jobs", type=int, default=5_000, help="candidates in the bulk (default 5,000)")
    parser.add_argument("--work", default="0", help="`rules`, or milliseconds that a job takes (default 0)")
    parser.add_argument("--slots", type=int, default=11, help="slots of the worker (default 11)")
    parser.add_argument("--batch-size", type=int, default=25, help="options.batchSize (default 25)")
    sys.exit(0 if asyncio.run(main(parser.parse_args())) else 1)
