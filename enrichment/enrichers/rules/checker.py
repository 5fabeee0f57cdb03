"""Walks a finished result and checks every statement in it against the data, without trusting how it was made.

Checked is that each pointer leads somewhere; that a copy equals its source; that a normalised value comes out of its
source again by the rule it names; that a derived or inferred one names its rule. Sums and judgements are not redone.
"""

from collections.abc import Callable, Container, Iterator
from typing import Any

from pydantic import BaseModel

from enrichment.dates import read_range, written
from enrichment.enrichers.rules import texts
from enrichment.enrichers.rules.listing import skills_in
from enrichment.mentions import Mentions
from enrichment.models import JSON
from enrichment.pointers import as_text, resolve
from enrichment.results import Faithfulness, Kind, Result, Statement, Violation
from enrichment.taxonomy import Skill, Spelling, Taxonomy
from enrichment.wording import LANGUAGES

METHOD, VERSION = "evidence-resolves-and-normalisation-repeats", "1"


class Checker:
    def __init__(self, taxonomy: Taxonomy, mentions: Mentions) -> None:
        self._taxonomy = taxonomy
        self._mentions = mentions
        self._outcomes: dict[str, Callable[[object], Container[object]]] = {
            "tidy_text": lambda source: (texts.tidy(_text(source)),),
            "tidy_bullet": lambda source: (texts.bullet(_text(source)),),
            "tidy_passage": lambda source: [line for line, _ in texts.passages(_text(source))],
            "sentence": lambda source: texts.sentences(_text(source)),
            "figure": lambda source: [f for said in texts.sentences(_text(source)) for f in texts.figures(said)],
            "read_date": _dates,
            "year_and_month": _months,
            "name_of_skill": self._names,
            "part_of_list": self._parts,
        }
        """What each rule can make of one source."""

    def check(self, result: Result, source: JSON) -> Faithfulness:
        """`violations` point into the result, as it is written in JSON."""
        look = _Lookup(source, self._outcomes)
        checked = [(pointer, statement, _carried(statement, look)) for pointer, statement in statements(result)]
        wrong = tuple(Violation(pointer=pointer, rule=_broken(one)) for pointer, one, carried in checked if not carried)
        score = 1 - len(wrong) / len(checked) if checked else 1.0
        return Faithfulness(score=score, checked_facts=len(checked), violations=wrong, method=METHOD, version=VERSION)

    def _names(self, source: object) -> Container[object]:
        text = _text(source)
        found = {skill for _, skill in skills_in(text, self._taxonomy, self._mentions)} | {*self._mentions.find(text)}
        return _NamedIn(text, {skill.label(language) for skill in found for language in LANGUAGES})

    def _parts(self, source: object) -> set[str]:
        return {part for part, _ in skills_in(_text(source), self._taxonomy, self._mentions)}


class _Lookup:
    """What stands at a pointer and what a rule makes of it, each found out once: many statements share their source."""

    def __init__(self, source: JSON, rules: dict[str, Callable[[object], Container[object]]]) -> None:
        self._source = source
        self._rules = rules
        self._values: dict[str, object] = {}
        self._outcomes: dict[tuple[str, str], Container[object]] = {}

    def value(self, pointer: str) -> object:
        """Raises `LookupError` where the pointer leads nowhere."""
        if pointer not in self._values:
            self._values[pointer] = resolve(self._source, pointer)
        return self._values[pointer]

    def outcomes(self, rule: str, pointer: str) -> Container[object]:
        if (rule, pointer) not in self._outcomes:
            make = self._rules.get(rule)
            self._outcomes[rule, pointer] = make(self.value(pointer)) if make else ()
        return self._outcomes[rule, pointer]


def _carried(statement: Statement[Any], look: _Lookup) -> bool:
    try:
        sources = [look.value(pointer) for pointer in statement.evidence]
    except LookupError:
        return False
    if statement.kind is Kind.COPIED:
        return all(as_text(source) == statement.value for source in sources)
    if statement.kind is Kind.NORMALISED:
        return any(statement.value in look.outcomes(statement.rule or "", pointer) for pointer in statement.evidence)
    return bool(statement.rule)


class _NamedIn(Container[object]):
    """The skills that a text names: of the taxonomy, and any other name whose words stand in it."""

    def __init__(self, text: str, labels: set[str]) -> None:
        self._text = text
        self._labels = labels

    def __contains__(self, name: object) -> bool:
        own = Spelling(str(name), Skill(str(name)))
        return name in self._labels or bool(Mentions([own]).find(self._text))


def statements(node: object, pointer: str = "") -> Iterator[tuple[str, Statement[Any]]]:
    """Every statement below `node`, with its place in the result's JSON."""
    if isinstance(node, Statement):
        yield pointer, node
    elif isinstance(node, BaseModel):
        for name, info in type(node).model_fields.items():
            yield from statements(getattr(node, name), f"{pointer}/{info.alias or name}")
    elif isinstance(node, tuple):
        for position, item in enumerate(node):
            yield from statements(item, f"{pointer}/{position}")


def _broken(statement: Statement[Any]) -> str:
    return statement.rule or statement.kind.value


def _text(source: object) -> str:
    return as_text(source) or ""


def _dates(source: object) -> list[object]:
    return [reading.date for reading in read_range(written(source) or "") if reading]


def _months(source: object) -> list[object]:
    days = [reading.date for reading in read_range(written(source) or "") if reading]
    return [f"{day.year:04}-{day.month:02}" if day.month else f"{day.year:04}" for day in days if day.year]
