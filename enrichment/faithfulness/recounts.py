"""Values that are counted from the evidence: counted again here, from the candidate's data, and compared.

What decides is the type of the value, not the rule that its maker names: months are months, whoever has counted them.
"""

from collections.abc import Callable
from typing import Any

from enrichment import practice
from enrichment.dates import PartialDate
from enrichment.enrichers.rules.inventory import level_of
from enrichment.enrichers.rules.timeline import union, year_month
from enrichment.faithfulness.repeats import REPEATS
from enrichment.faithfulness.skills import listed_skills
from enrichment.faithfulness.sources import Source
from enrichment.pointers import as_text
from enrichment.results import Level, ProfileResult, Result, Span, Statement

Recount = Callable[[Statement[Any], Source, Result], bool]


def _months(statement: Statement[Any], source: Source, result: Result) -> bool:
    """The months that the positions in the evidence cover together; or the points of a résumé's completeness."""
    if isinstance(result, ProfileResult) and statement is result.completeness.score:
        return bool(statement.value == sum(part.weight for part in result.completeness.sections if part.present))
    total = union(source.intervals(statement.evidence).values(), "")
    return total is not None and bool(total.value == statement.value)


def _ongoing(statement: Statement[Any], source: Source, _: Result) -> bool:
    found = source.intervals(statement.evidence).values()
    return bool(found) and all(interval.ongoing is statement.value for interval in found)


def _level(statement: Statement[Any], source: Source, _: Result) -> bool:
    total = union(source.intervals(statement.evidence).values(), "")
    if total:
        return level_of(total.value) is statement.value
    texts = [as_text(source.value(pointer)) or "" for pointer in statement.evidence]
    said = [practice.read(part) for text in texts for part, _ in listed_skills(text)]
    levels = {practice.level_in(level) for level in (*texts, *(one.level or "" for one in said))}
    years = (practice.years_in(text) for text in (*texts, *(one.years or "" for one in said)))
    return statement.value in levels.union(level_of(round(stated * 12)) for stated in years if stated is not None)


def _span(statement: Statement[Any], source: Source, _: Result) -> bool:
    spans = (*source.timeline.gaps(), *source.timeline.overlaps())
    return any(span.value == statement.value and span.rule == statement.rule for span in spans)


def _date(statement: Statement[Any], source: Source, _: Result) -> bool:
    return any(statement.value in REPEATS["read_date"](source.value(pointer)) for pointer in statement.evidence)


def last_month(statement: Statement[Any], source: Source) -> bool:
    ends = [interval.end for interval in source.intervals(statement.evidence).values()]
    return bool(ends) and bool(year_month(max(ends) - 1) == statement.value)


RECOUNTS: dict[type, Recount] = {
    int: _months,
    bool: _ongoing,
    Level: _level,
    Span: _span,
    PartialDate: _date,
}
