"""The samples of a run: each figure of each contender, round by round."""

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.scenario import OURS, Goal

LOUD = 0.1
"""A share of the machine's cores from which on other processes' work is told beside the figures."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one contender."""

    scenario: str
    name: str
    unit: str
    who: str
    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"median": self.median, "min": min(self.samples), "max": max(self.samples)}


class Ledger:
    """Takes samples in any order and gives figures in the order in which they first came."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str, str], Figure] = {}
        self._notes: dict[str, list[str]] = {}
        self._others: dict[str, float] = {}

    def add(self, scenario: str, name: str, unit: str, who: str, value: float) -> None:
        figure = self._figures.setdefault((scenario, name, who), Figure(scenario, name, unit, who))
        figure.samples.append(value)

    def note(self, scenario: str, sentence: str) -> None:
        told = self._notes.setdefault(scenario, [])
        if sentence not in told:
            told.append(sentence)

    def hear(self, scenario: str, share: float) -> None:
        """How much of the machine others have used during a measurement."""
        self._others[scenario] = max(share, self._others.get(scenario, 0.0))

    def notes(self, scenario: str) -> list[str]:
        """What a reader of a scenario's figures has to know, in sentences."""
        share = self._others.get(scenario, 0.0)
        loud = [f"Other processes have used up to {share:.0%} of the machine meanwhile."] if share > LOUD else []
        return self._notes.get(scenario, []) + loud

    def of(self, scenario: str) -> Iterator[Figure]:
        return (figure for figure in self._figures.values() if figure.scenario == scenario)

    def find(self, scenario: str, name: str, who: str = OURS) -> Figure | None:
        return self._figures.get((scenario, name, who))

    def ratio(self, figure: Figure) -> float | None:
        """Our median over this contender's; None for ourselves, and where ours is missing."""
        ours = self.find(figure.scenario, figure.name)
        if figure.who == OURS or ours is None or figure.median == 0:
            return None
        return ours.median / figure.median

    def judge(self, scenario: str, goal: Goal) -> tuple[float, bool] | None:
        """What was measured for the goal, in its own terms, and whether it is met; None: not measured."""
        ours = self.find(scenario, goal.figure)
        if ours is None:
            return None
        value = ours.median
        if goal.of or goal.baseline:
            base = self.find(scenario, goal.baseline or goal.figure, goal.of or OURS)
            if base is None or base.median == 0:
                return None
            value /= base.median
        return value, value >= goal.bound if goal.is_floor else value <= goal.bound
