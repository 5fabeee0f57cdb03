"""Which fault, when and for how long: the same for the same seed, so that a run can be repeated."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is done to a process (the first six) or to a link."""

    KILL = "kill"
    """SIGKILL."""
    TERM = "term"
    """SIGTERM: the process is to end by itself."""
    FREEZE = "freeze"
    """SIGSTOP to it and its children, SIGCONT afterwards."""
    CRASH = "crash"
    """PostgreSQL: one backend is killed, whereupon the server throws everyone out and recovers."""
    CUT = "cut"
    """PostgreSQL itself ends every connection, as an administrator does."""
    FLUSH = "flush"
    """Redis forgets everything."""

    DELAY = "delay"
    REFUSE = "refuse"
    STALL = "stall"
    RESET = "reset"
    DROP = "drop"
    """The request is executed and its answer is lost."""


_LINK_KINDS = (Kind.DELAY, Kind.REFUSE, Kind.STALL, Kind.RESET, Kind.DROP)

PROCESSES = {
    "api": (Kind.KILL, Kind.TERM, Kind.FREEZE),
    "worker": (Kind.KILL, Kind.TERM, Kind.FREEZE),
    "temporal": (Kind.KILL, Kind.FREEZE),
    "redis": (Kind.KILL, Kind.FREEZE, Kind.FLUSH),
    "postgres": (Kind.KILL, Kind.FREEZE, Kind.CRASH, Kind.CUT),
}
"""By the names in `stack.json`."""
LINKS = dict.fromkeys(("to-api", "to-temporal", "to-redis", "to-postgres", "to-provider"), _LINK_KINDS)
"""`to-api` is what the clients go through, the others what API and worker go through."""

_LASTS_S = {
    Kind.FREEZE: (1.0, 5.0),
    Kind.DELAY: (1.0, 4.0),
    Kind.REFUSE: (1.0, 4.0),
    Kind.STALL: (1.0, 5.0),
    Kind.RESET: (0.3, 1.5),
    Kind.DROP: (1.0, 3.0),
}
"""The others are done in an instant."""
_DELAY_S = (0.05, 0.8)
"""Per piece and direction: below and above what a call to Redis may take."""
_MORE_OFTEN = 2
"""A kill is so many times as frequent as another fault: recovery from it is what is measured."""

QUIET_AT_START_S = 2.0
"""Time for the first jobs to be under way."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`at_s` counts from the start of the load. `lasts_s` 0: done in an instant."""

    at_s: float
    target: str
    kind: Kind
    lasts_s: float = 0.0
    delay_s: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.target} {self.kind}"

    def __str__(self) -> str:
        details = f" for {self.lasts_s:.1f} s" if self.lasts_s else ""
        details += f", {self.delay_s * 1000:.0f} ms each way" if self.delay_s else ""
        return f"{self.at_s:6.1f} s  {self.name}{details}"


def plan(seed: int, seconds: float, gap_s: tuple[float, float] = (4.0, 9.0), only: Collection[str] = ()) -> list[Fault]:
    """A fault each `gap_s` until `seconds`, dealt from a shuffled pack so that every one has its turn.

    `only` are names such as `worker kill`, to measure one kind of fault many times; by default all there are.
    """
    rng = random.Random(f"faults/{seed}")
    pack: list[tuple[str, Kind]] = []
    faults = []
    at_s = QUIET_AT_START_S
    while at_s < seconds:
        if not pack:
            pack = [fault for fault in _pack() if not only or " ".join(fault) in only]
            rng.shuffle(pack)
        faults.append(_fault(rng, round(at_s, 1), *pack.pop()))
        at_s += rng.uniform(*gap_s)
    return faults


def _pack() -> list[tuple[str, Kind]]:
    faults = [(target, kind) for target, kinds in (PROCESSES | LINKS).items() for kind in kinds]
    return faults + [fault for fault in faults if fault[1] is Kind.KILL] * (_MORE_OFTEN - 1)


def _fault(rng: random.Random, at_s: float, target: str, kind: Kind) -> Fault:
    lasts_s = round(rng.uniform(*_LASTS_S.get(kind, (0.0, 0.0))), 1)
    delay_s = round(rng.uniform(*_DELAY_S), 2) if kind is Kind.DELAY else 0.0
    return Fault(at_s, target, kind, lasts_s, delay_s)
