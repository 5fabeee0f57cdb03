"""What a scenario is: a question, its answer by measurement, and what the answer is held against."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.bench import Bench

OURS = "enrichment"
"""The product's name among those that are measured."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What the median of our `figure` is to reach: a number of its own, or a multiple of another's median."""

    figure: str
    bound: float
    is_floor: bool
    of: str | None = None
    """Whose median is multiplied with `bound`; None: the bound is the number itself."""
    baseline: str | None = None
    """Another figure of ours that is multiplied with `bound`."""

    def __str__(self) -> str:
        whose = f" × {self.of or self.baseline}" if self.of or self.baseline else ""
        return f"{'≥' if self.is_floor else '≤'} {self.bound:g}{whose}"


def at_least(figure: str, bound: float, *, of: str | None = None, baseline: str | None = None) -> Goal:
    return Goal(figure, bound, is_floor=True, of=of, baseline=baseline)


def at_most(figure: str, bound: float, *, of: str | None = None, baseline: str | None = None) -> Goal:
    return Goal(figure, bound, is_floor=False, of=of, baseline=baseline)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `peer` says in words what it is measured beside."""

    name: str
    question: str
    peer: str
    goals: Sequence[Goal]
    run: "Callable[[Bench], Awaitable[None]]"
