"""What the evidence of one statement states, all of it together and position by position."""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from enrichment.enrichers.rules.timeline import Interval, union
from enrichment.faithfulness.numbers import Number
from enrichment.faithfulness.passage import Passage
from enrichment.faithfulness.sources import Source
from enrichment.taxonomy import Skill


class Evidence:
    """Everything that the evidence of one statement states."""

    def __init__(self, source: Source, pointers: tuple[str, ...]) -> None:
        self._source = source
        self.pointers = pointers
        self.passages = [passage for pointer in pointers for passage in source.passages(pointer)]

    @cached_property
    def by_position(self) -> "dict[str, Evidence]":
        """The part of it that speaks of each position, under `""` that which speaks of none."""
        pointers: dict[str, list[str]] = {}
        for pointer in self.pointers:
            for position in self._source.positions(pointer) or ("",):
                pointers.setdefault(position, []).append(pointer)
        return {position: Evidence(self._source, tuple(those)) for position, those in pointers.items()}

    @cached_property
    def employers(self) -> dict[str, str]:
        """The employers of the positions that it speaks of, by the position."""
        engagements = self._source.candidate.engagements
        return {
            one.pointer: one.employer.value for one in engagements if one.employer and one.pointer in self.by_position
        }

    @cached_property
    def folded(self) -> frozenset[str]:
        return frozenset().union(*(passage.folded for passage in self.passages))

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset().union(*(passage.stems for passage in self.passages))

    @cached_property
    def numbers(self) -> frozenset[tuple[float, str]]:
        """With their units; of a date the year alone, for its month is no number of anything."""
        written = {(number.value, number.unit) for passage in self.passages for number in passage.numbers}
        return frozenset(written | {(float(year), "") for year, _, _ in self.days})

    def states(self, number: Number) -> bool:
        """Whether it has this number: a share as a share, an amount in its currency, or where that is not said."""
        written = self.numbers
        if (number.value, number.unit) in written:
            return True
        if number.unit:
            return number.unit in self.currencies and (number.value, "") in written  # the two in fields of their own
        return any((number.value, code) in written for code in self.currencies)

    @cached_property
    def currencies(self) -> frozenset[str]:
        """Their codes, beside a number or not."""
        named = frozenset[str]().union(*(passage.currencies for passage in self.passages))
        return (named | {unit for _, unit in self.numbers}) - {"", "%"}

    @cached_property
    def days(self) -> frozenset[tuple[int, int | None, int | None]]:
        mentioned = {(day.year, day.month, day.day) for passage in self.passages for day in passage.days}
        return frozenset(mentioned.union(*(self._source.dates(pointer) for pointer in self.pointers)))

    @cached_property
    def skills(self) -> frozenset[Skill]:
        """Those that its texts name as prose, and those that they name as a list does: `JAVA,GO`."""
        return frozenset(
            skill
            for passage in self.passages
            for skill in (*(skill for skill, _, _ in passage.skills), *passage.listed)
        )

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        return self._source.intervals(self.pointers)

    @cached_property
    def months(self) -> frozenset[int]:
        """Months that can be counted from the evidence: each position's, and all together."""
        return frozenset(
            {interval.months or 0 for interval in self.intervals.values()} | {_union(self.intervals.values())}
        )

    def months_of(self, name: str) -> frozenset[int]:
        """Months of the positions of which a piece of the evidence names this skill."""
        words = Passage(name)
        skills = {skill for skill, _, _ in words.skills}
        naming = [
            pointer
            for pointer in self.pointers
            if any(_names(p, skills, words) for p in self._source.passages(pointer))
        ]
        used = [span for at, span in self.intervals.items() if any(pointer.startswith(f"{at}/") for pointer in naming)]
        return frozenset({_union(used)})

    def claims(self, group: str) -> Counter[str]:
        """How often each family is claimed: a text claims no more often than its evidence."""
        counted: Counter[str] = Counter()
        for passage in self.passages:
            counted.update(family for _, _, family in passage.claims[group])
        return counted


def _union(intervals: Iterable[Interval]) -> int:
    total = union(intervals, "")
    return total.value if total else 0


def _names(passage: Passage, skills: set[Skill], words: Passage) -> bool:
    return any(skill in skills for skill, _, _ in passage.skills) if skills else words.folded <= passage.folded
