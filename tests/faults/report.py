"""The verdict of a run, for machines as JSON and for people as a table; and of several runs, a line for each seed."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.faults.recovery import ANSWERS, COMPLETES, RUNS_AGAIN, Recovery
from tests.faults.run import Summary

_MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Target:
    """After this fault, 95 of 100 times this is so within `seconds`."""

    fault: str
    what: str
    seconds: float


TARGETS = (
    Target("worker kill", RUNS_AGAIN, 4.0),
    Target("api kill", ANSWERS, 3.0),
    Target("temporal kill", COMPLETES, 5.0),
    Target("postgres kill", COMPLETES, 8.0),
)


def as_json(summary: Summary) -> dict[str, Any]:
    ledger = summary.ledger
    return {
        "seed": summary.wish.seed,
        "seconds": summary.wish.seconds,
        "rate": summary.wish.rate,
        "clean": summary.is_clean,
        "jobs": len(ledger.accepted),
        "cancelled": len(ledger.cancelled),
        "providerCalls": summary.calls,
        "settledSeconds": round(summary.settled_s, 1),
        "acceptSeconds": _spread(ledger.accept_s),
        "faults": [
            asdict(fired.fault)
            | {"fired_at_s": round(fired.began_at - summary.began_at, 1), "evidence": fired.evidence}
            for fired in summary.fired
        ],
        "recoverySeconds": {
            f"{fault}: {what}": _spread([r.seconds for r in found if r.seconds is not None])
            | {"never": sum(r.seconds is None for r in found)}
            for (fault, what), found in _by_fault(_alone(summary)).items()
        },
        "invariants": {breach.invariant: len(breach.cases) for breach in summary.breaches},
        "examples": {b.invariant: b.cases[:_MOST_EXAMPLES] for b in summary.breaches if b.cases},
        "answers": dict(sorted(ledger.answers.items())),
    }


def as_table(summary: Summary) -> str:
    ledger = summary.ledger
    lines = [
        f"seed {summary.wish.seed}: {len(ledger.accepted)} jobs, {_cancelled(summary)} of them cancelled",
        f"{summary.calls} calls to the provider",
        f"{len(summary.fired)} faults, of which {len(summary.misfires)} did not fire",
        f"over {summary.settled_s:.1f} s after the load",
        "",
        f"{'recovery after':<22}{'what':<24}{'n':>4}{'p50':>8}{'p95':>8}{'max':>8}  never",
    ]
    for (fault, what), found in sorted(_by_fault(_alone(summary)).items()):
        spread = _spread([r.seconds for r in found if r.seconds is not None])
        never = sum(r.seconds is None for r in found)
        figures = "".join(f"{spread[name]:>7.2f}s" if name in spread else f"{'-':>8}" for name in ("p50", "p95", "max"))
        lines.append(f"{fault:<22}{what:<24}{len(found):>4}{figures}  {never or ''}")
    overlapping = len(summary.recoveries) - len(_alone(summary))
    lines += [f"({overlapping} more were disturbed by another fault and are left out)", ""]
    for breach in summary.breaches:
        lines.append(f"{len(breach.cases):>6}  {breach.invariant}")
        lines += [f"          {case}" for case in breach.cases[:_MOST_EXAMPLES]]
    lines += [f"{'DID NOT FIRE':>14}  {fired.fault}" for fired in summary.misfires]
    lines.append("clean" if summary.is_clean else "NOT CLEAN")
    return "\n".join(lines)


def by_seed(summaries: Sequence[Summary]) -> str:
    """What broke and how long recovery took (p95, with the number of times in brackets), by seed and in all."""
    heads = ["seed", "jobs", "cancelled", "faults", "broken", *(target.fault for target in TARGETS)]
    rows = [_seed_row(str(summary.wish.seed), [summary]) for summary in summaries]
    rows.append(_seed_row("all", summaries))
    rows.append(["at most", "", "", "", "0", *(f"{target.seconds:.0f} s" for target in TARGETS)])
    lines = [
        "  ".join(f"{cell:>16}" if at > 4 else f"{cell:>9}" for at, cell in enumerate(row)) for row in [heads, *rows]
    ]
    lines += ["", *(f"{target.fault}: until {target.what}" for target in TARGETS)]
    return "\n".join(lines)


def _seed_row(name: str, summaries: Sequence[Summary]) -> list[str]:
    jobs = sum(len(summary.ledger.accepted) for summary in summaries)
    cancelled = sum(len(summary.ledger.cancelled) for summary in summaries)
    broken = sum(len(breach.cases) for summary in summaries for breach in summary.breaches)
    broken += sum(len(summary.misfires) for summary in summaries)
    faults = sum(len(summary.fired) for summary in summaries)
    alone = [recovery for summary in summaries for recovery in _alone(summary)]
    return [name, str(jobs), f"{cancelled / max(jobs, 1):.0%}", str(faults), str(broken), *(
        _measured(target, alone) for target in TARGETS
    )]  # fmt: skip


def _measured(target: Target, recoveries: Sequence[Recovery]) -> str:
    found = [each.seconds for each in recoveries if (each.fault, each.what) == (target.fault, target.what)]
    spread = _spread([math.inf if seconds is None else seconds for seconds in found])
    return f"{spread['p95']:.2f} s ({len(found)})" if spread else "-"


def _cancelled(summary: Summary) -> str:
    return f"{len(summary.ledger.cancelled) / max(len(summary.ledger.accepted), 1):.0%}"


def _alone(summary: Summary) -> list[Recovery]:
    """Recoveries that no other fault fell into."""

    def is_disturbed(recovery: Recovery) -> bool:
        ended = math.inf if recovery.seconds is None else recovery.since + recovery.seconds
        return any(
            fired.since != recovery.since and fired.began_at < ended and fired.over_at > recovery.since
            for fired in summary.fired
        )

    return [recovery for recovery in summary.recoveries if recovery.seconds is None or not is_disturbed(recovery)]


def _by_fault(recoveries: Sequence[Recovery]) -> dict[tuple[str, str], list[Recovery]]:
    found: dict[tuple[str, str], list[Recovery]] = defaultdict(list)
    for recovery in recoveries:
        found[recovery.fault, recovery.what].append(recovery)
    return found


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    at = {"p50": ordered[(len(ordered) - 1) // 2], "p95": ordered[math.ceil(len(ordered) * 0.95) - 1]}
    return {name: round(value, 2) for name, value in (at | {"max": ordered[-1]}).items()}
