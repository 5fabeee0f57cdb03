"""`python -m tests.faults`: runs on stacks of their own. Exit code 1: an invariant broke or a fault did not fire."""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.faults import report
from tests.faults.plan import LINKS, PROCESSES, plan
from tests.faults.run import Summary, Wish, run
from tests.faults.subject import Subject

_FAULTS_END_S = 5.0
"""Before the load does: so that the last one falls on work too."""


def main() -> int:
    arguments = _arguments()
    summaries: list[Summary] = []
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        summary = _one(seed, arguments)
        summaries.append(summary)
        _tell(report.as_table(summary))
        if arguments.out:
            _write(arguments.out / f"seed-{seed}.json", json.dumps(report.as_json(summary), indent=2))
            _write(arguments.out / f"seed-{seed}.txt", report.as_table(summary))
            _write(arguments.out / "seeds.txt", report.by_seed(summaries))
    _tell("", report.by_seed(summaries))
    return 0 if all(summary.is_clean for summary in summaries) else 1


def _one(seed: int, arguments: argparse.Namespace) -> Summary:
    seconds = arguments.minutes * 60
    faults = tuple(plan(seed, seconds - _FAULTS_END_S, tuple(arguments.gap), arguments.only))
    wish = Wish(seed, seconds, arguments.rate, faults, arguments.deadline)
    _say(f"seed {seed}: {seconds:.0f} s at {wish.rate:g} submissions a second")
    for fault in faults:
        _say(str(fault))
    with tempfile.TemporaryDirectory(prefix="faults-") as directory:
        data_dir = arguments.data_dir / f"seed-{seed}" if arguments.data_dir else Path(directory)
        return asyncio.run(_on_a_new_stack(data_dir, wish))


async def _on_a_new_stack(data_dir: Path, wish: Wish) -> Summary:
    async with Subject(data_dir, tell=_say) as subject:
        return await run(subject, wish, _say)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which faults and clients (default 1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many, counted on from SEED: a run each (default 1)")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long the load of each lasts (default 3)")
    parser.add_argument("--rate", type=float, default=5.0, help="submissions a second (default 5)")
    parser.add_argument(
        "--gap", type=float, nargs=2, default=(4.0, 9.0), metavar=("MIN", "MAX"), help="s between faults"
    )
    names = [f"{target} {kind}" for target, kinds in (PROCESSES | LINKS).items() for kind in kinds]
    parser.add_argument("--only", nargs="+", default=(), choices=names, metavar="FAULT", help=f"of: {', '.join(names)}")
    parser.add_argument("--deadline", type=float, default=180.0, help="s after the load until all must be over")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write what came of each seed there, and of all")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="keep the stacks' state and logs there")
    return parser.parse_args()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def _tell(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
