"""A candidate's data as evidence: what stands at each pointer, read once however many statements rest on it."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Any

from enrichment.candidate import Candidate
from enrichment.dates import read_range, written
from enrichment.enrichers.rules.texts import tidy
from enrichment.enrichers.rules.timeline import Interval, Timeline, read_timeline
from enrichment.faithfulness.passage import Passage
from enrichment.models import JSON
from enrichment.pointers import as_text, parts, resolve
from enrichment.reading import read_candidate

_MOST_TEXTS = 2_000
"""Of one evidence that is a whole section."""


class Source:
    def __init__(self, candidate: JSON, as_of: date) -> None:
        self._data = candidate
        self._as_of = as_of
        self._values: dict[str, object] = {}
        self._passages: dict[str, tuple[Passage, ...]] = {}

    def value(self, pointer: str) -> object:
        """Raises `LookupError` where the pointer leads nowhere."""
        if pointer not in self._values:
            self._values[pointer] = resolve(self._data, pointer)
        return self._values[pointer]

    def passages(self, pointer: str) -> tuple[Passage, ...]:
        """Every text at a pointer or below: as it is and, where it has markup, without it."""
        if pointer not in self._passages:
            found = (Passage(form) for text in _texts(self.value(pointer)) for form in _forms(text))
            self._passages[pointer] = tuple(found)
        return self._passages[pointer]

    def dates(self, pointer: str) -> Iterator[tuple[int, int | None, int | None]]:
        """The dates that the value at a pointer is, when it is a date or a range: year, month, day."""
        for reading in read_range(written(self.value(pointer)) or ""):
            if reading and reading.date.year:
                yield reading.date.year, reading.date.month, reading.date.day

    @cached_property
    def candidate(self) -> Candidate:
        return read_candidate(self._data)

    def positions(self, pointer: str) -> frozenset[str]:
        """The positions that a pointer speaks of: the one that it leads into, or those whose employer it names."""
        within = next((above for above in _upwards(pointer) if above in self._named_by), pointer)
        return self._named_by.get(within, frozenset())

    def is_wide(self, pointer: str) -> bool:
        """Whether a pointer leads to more than one thing: the résumé, a section, the positions of one employer."""
        if not isinstance(self.value(pointer), dict | list):
            return False
        if any(position.pointer.startswith(f"{pointer}/") for position in self.candidate.engagements):
            return True
        return not self.positions(pointer) and not any(part.isdecimal() for part in parts(pointer))

    @cached_property
    def _named_by(self) -> dict[str, frozenset[str]]:
        """The positions by their own pointers and by that of their employer, which may stand outside of them."""
        found: dict[str, frozenset[str]] = {}
        for position in self.candidate.engagements:
            for pointer in {position.pointer, position.employer.pointer if position.employer else position.pointer}:
                found[pointer] = found.get(pointer, frozenset()) | {position.pointer}
        return found

    @cached_property
    def timeline(self) -> Timeline:
        return read_timeline(self.candidate.work, self._as_of)

    def intervals(self, evidence: tuple[str, ...]) -> dict[str, Interval]:
        """The positions whose dates are all among the evidence, with their months."""
        given = set(evidence)
        return {at: found for at, found in self.timeline.intervals.items() if given.issuperset(found.evidence)}


def _upwards(pointer: str) -> Iterator[str]:
    """A pointer, and those of all that it stands in."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]


def _texts(value: object) -> Iterator[str]:
    waiting: list[Any] = [value]
    for _ in range(_MOST_TEXTS):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += [*node.values(), *node.keys()]
        elif isinstance(node, list):
            waiting += node
        elif text := as_text(node):
            yield text


def _forms(text: str) -> tuple[str, ...]:
    plain = tidy(text)
    return (text,) if plain == text else (text, plain)
