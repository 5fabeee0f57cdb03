"""`python -m tests.scale SCENARIO`. Exit code 1: what was promised did not hold."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.scale import scenarios
from tests.scale.ground import Ground


async def main(arguments: argparse.Namespace) -> bool:
    jobs, work, slots = scenarios.SIZES[arguments.scenario]
    size = scenarios.Size(arguments.jobs or jobs, arguments.work or work, arguments.slots or slots)
    with tempfile.TemporaryDirectory(prefix="scale-") as directory:
        async with Ground(Path(directory), size.work, size.slots) as ground:
            report = await scenarios.SCENARIOS[arguments.scenario](ground, size)
    for name, value in report.figures.items():
        sys.stdout.write(f"{name:<34} {value}\n")
    for broken in report.broken:
        sys.stdout.write(f"BROKEN: {broken}\n")
    return not report.broken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("scenario", choices=scenarios.SCENARIOS)
    parser.add_argument("--jobs", type=int, help="candidates in the bulk")
    parser.add_argument("--work", help="`rules`, or milliseconds that a job takes")
    parser.add_argument("--slots", type=int, help="slots of the worker")
    sys.exit(0 if asyncio.run(main(parser.parse_args())) else 1)
