"""`python -m tests.overload`: one run on a stack of its own. Exit code 1: what was promised did not hold."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.overload.run import run


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the overload lasts (default 60)")
    parser.add_argument("--most-open", type=int, default=1_000, help="jobs that may be open at a time (default 1,000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overload-") as directory:
        outcome = asyncio.run(run(Path(directory), arguments.seconds, arguments.most_open, _say))
    sys.stdout.write(f"{outcome}\n")
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    sys.exit(main())
