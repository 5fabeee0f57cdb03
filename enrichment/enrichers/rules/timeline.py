"""When a candidate worked: months that positions last, the months they cover together, gaps and overlaps.

A month is its number since year 0. Written without a day it counts as a whole, at the start and at the end, as people
count; with a day it counts when more than half of it was worked. A year without a month counts from January to January,
so that 2015-2018 is three years, and the rule's name says so. An open end counts to `as_of`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from enrichment import results
from enrichment.candidate import Position, When
from enrichment.dates import PartialDate, Precision
from enrichment.results import Kind, Span, Statement

MIN_GAP_MONTHS = 3
MIN_OVERLAP_MONTHS = 2
"""Shorter ones are mostly an effect of dates without days."""
_HALF_A_MONTH = 15
_NEVER = 10_000 * 12


@dataclass(frozen=True, slots=True)
class Interval:
    """Months from `start` up to and without `end`; the other two bounds differ where only a year was written."""

    start: int
    end: int
    latest_start: int
    latest_end: int
    ongoing: bool
    evidence: tuple[str, ...]

    @property
    def months(self) -> int | None:
        """`None` for two equal years: anything from a day to a year."""
        return self.end - self.start or None

    @property
    def rule(self) -> str:
        exact = self.start == self.latest_start and self.end == self.latest_end
        return "months_between_dates" if exact else "months_between_years"


@dataclass(frozen=True, slots=True)
class Timeline:
    """The intervals of positions, by the position's pointer, and what was wrong with the others."""

    intervals: dict[str, Interval]
    warnings: tuple[results.Warning, ...]

    def of(self, position: Position) -> Interval | None:
        return self.intervals.get(position.pointer)

    def total(self) -> Statement[int] | None:
        return union(self.intervals.values(), "union_of_positions")

    def gaps(self) -> tuple[Statement[Span], ...]:
        """Months that surely no position covers, between two positions."""
        found, reached = [], None
        for interval in self._in_order():
            if reached and interval.start - reached.latest_end >= MIN_GAP_MONTHS:
                bounds = (reached.evidence[-1], interval.evidence[0])
                found.append(_span(reached.latest_end, interval.start, "gap_between_positions", bounds))
            if reached is None or interval.latest_end > reached.latest_end:
                reached = interval
        return tuple(found)

    def overlaps(self) -> tuple[Statement[Span], ...]:
        """Months that surely two positions cover; each is compared with the one that reaches furthest before."""
        found, reached = [], None
        for interval in self._in_order():
            if reached is not None:
                end = min(interval.end, reached.end)
                if end - interval.latest_start >= MIN_OVERLAP_MONTHS:
                    both = (*reached.evidence, *interval.evidence)
                    found.append(_span(interval.latest_start, end, "overlap_of_positions", both))
            if reached is None or interval.end > reached.end:
                reached = interval
        return tuple(found)

    def _in_order(self) -> list[Interval]:
        return sorted(self.intervals.values(), key=lambda interval: (interval.start, interval.end))


def read_timeline(positions: Sequence[Position], as_of: date) -> Timeline:
    intervals: dict[str, Interval] = {}
    warnings: list[results.Warning] = []
    starts = [_first_month(position.start.date) for position in positions if position.start]
    newest = max((start for start in starts if start is not None), default=0)
    for position in positions:
        outcome = _interval(position, as_of, newest)
        if isinstance(outcome, Interval):
            intervals[position.pointer] = outcome
        elif outcome:
            message = _PROBLEMS[outcome]
            warnings.append(results.Warning(code=outcome, pointer=position.pointer, message=message))
    return Timeline(intervals, tuple(warnings))


_PROBLEMS = {
    "dates_missing": "This position has no start that can be read, so its length is unknown.",
    "end_missing": "This position has no end that can be read, though a later one has started; its length is unknown.",
    "dates_reversed": "This position ends before it starts; its length is unknown.",
    "dates_in_future": "This position starts after the day of the enrichment; it is not counted.",
}


def _interval(position: Position, as_of: date, newest: int) -> Interval | str:
    """The months of a position, or the code of what is wrong with its dates."""
    start = _first_month(position.start.date) if position.start else None
    if position.start is None or start is None:
        return "dates_missing"
    now = _after(as_of.year, as_of.month, as_of.day)
    if start > now:
        return "dates_in_future"
    evidence = [position.start.pointer]
    end = latest_end = now
    ongoing = position.end is None or position.end.date.precision is Precision.PRESENT
    if position.end is None and start < newest:
        return "end_missing"
    if position.end is not None:
        evidence.append(position.end.pointer)
        if not ongoing:
            bounds = _last_months(position.end.date)
            if bounds is None:
                return "end_missing"
            end, latest_end = (min(bound, now) for bound in bounds)
    latest_start = start + 11 if position.start.date.precision is Precision.YEAR else start
    if latest_end < start:
        return "dates_reversed"
    return Interval(start, max(end, start), latest_start, latest_end, ongoing, tuple(dict.fromkeys(evidence)))


def reached(start: When | None, end: When | None) -> tuple[int, int]:
    """The months up to which and since when something went on, as far as its dates were read; for what is newest first.

    What still goes on reaches further than all that has ended, and what has no date less.
    """
    first = _first_month(start.date) if start else None
    if end and end.date.precision is Precision.PRESENT:
        return _NEVER, first or 0
    last = (_last_months(end.date) if end else None) or (first or 0,)
    return last[0], first or 0


def union(intervals: Iterable[Interval], rule: str, evidence: Iterable[str] = ()) -> Statement[int] | None:
    """The months that the intervals cover together, each counted once; `None` if there are none."""
    total, reached, dates = 0, 0, list(evidence)
    for interval in sorted(intervals, key=lambda interval: interval.start):
        total += max(0, interval.end - max(interval.start, reached))
        reached = max(reached, interval.end)
        dates.extend(interval.evidence)
    if not total:
        return None
    return Statement[int](value=total, kind=Kind.DERIVED, evidence=tuple(dict.fromkeys(dates)), rule=rule)


def year_month(month: int) -> str:
    return f"{month // 12:04}-{month % 12 + 1:02}"


def _span(start: int, end: int, rule: str, evidence: Iterable[str]) -> Statement[Span]:
    span = Span(start=year_month(start), end=year_month(end - 1), months=end - start)
    return Statement[Span](value=span, kind=Kind.DERIVED, evidence=tuple(dict.fromkeys(evidence)), rule=rule)


def _first_month(written: PartialDate) -> int | None:
    if written.year is None:
        return None
    month = written.year * 12 + (written.month or 1) - 1
    return month + 1 if (written.day or 1) > _HALF_A_MONTH else month


def _last_months(written: PartialDate) -> tuple[int, int] | None:
    """The month after the last one, as counted and at the latest."""
    if written.year is None:
        return None
    if written.month is None:
        return written.year * 12, written.year * 12 + 12
    month = _after(written.year, written.month, written.day)
    return month, month


def _after(year: int, month: int, day: int | None) -> int:
    counted = day is None or day > _HALF_A_MONTH
    return year * 12 + month - 1 + counted
