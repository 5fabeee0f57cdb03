"""Rules that make one value from one source, and so can be made again: what each could have given."""

from collections.abc import Callable, Container
from typing import Any

from enrichment import practice
from enrichment.dates import read_range, written
from enrichment.enrichers.rules import texts
from enrichment.faithfulness.skills import listed_skills, mentions
from enrichment.mentions import Mentions
from enrichment.pointers import as_text
from enrichment.results import Result, SkillsResult, Statement
from enrichment.taxonomy import OTHER, Skill, Spelling, taxonomy
from enrichment.wording import LANGUAGES

SLIP = "slip_of_spelling"
"""The rule of a skill that somebody else than the rules suggests for another spelling of it."""


class _NamedIn(Container[object]):
    """The skills that a text names: of the taxonomy, and any other name whose words stand in it."""

    def __init__(self, source: object) -> None:
        self._text = _text(source)
        found = {*(skill for _, skill in listed_skills(self._text)), *mentions().find(self._text)}
        self._labels = {skill.label(language) for skill in found for language in LANGUAGES}

    def __contains__(self, name: object) -> bool:
        own = Spelling(str(name), Skill(str(name)))
        return name in self._labels or bool(Mentions([own]).find(self._text))


def _text(source: object) -> str:
    return as_text(source) or ""


def _practices(source: object) -> list[practice.Practice]:
    return [practice.read(part) for part, _ in listed_skills(_text(source))]


def _dates(source: object) -> list[object]:
    return [reading.date for reading in read_range(written(source) or "") if reading]


def _months(source: object) -> list[object]:
    days = [reading.date for reading in read_range(written(source) or "") if reading]
    return [f"{day.year:04}-{day.month:02}" if day.month else f"{day.year:04}" for day in days if day.year]


def _similar(source: object) -> set[str]:
    meant = (taxonomy().suggest(part) for part, _ in listed_skills(_text(source)))
    return {skill.label(language) for skill in meant if skill for language in LANGUAGES}


REPEATS: dict[str, Callable[[object], Container[object]]] = {
    "tidy_text": lambda source: (texts.tidy(_text(source)),),
    "tidy_bullet": lambda source: (texts.bullet(_text(source)),),
    "tidy_passage": lambda source: [line for line, _ in texts.passages(_text(source))],
    "sentence": lambda source: texts.sentences(_text(source)),
    "figure": lambda source: [f for said in texts.sentences(_text(source)) for f in texts.figures(said)],
    "read_date": _dates,
    "year_and_month": _months,
    "name_of_skill": _NamedIn,
    "part_of_list": lambda source: {part for part, _ in listed_skills(_text(source))},
    "stated_years": lambda source: {said.years for said in _practices(source)},
    "stated_level": lambda source: {said.level for said in _practices(source)},
    "similar_spelling": _similar,
    "level_of_its_group": lambda source: (as_text(source),),
    "category_of_skill": lambda source: (
        {OTHER, *(skill.category for _, skill in listed_skills(_text(source)))}
        | {skill.category for skill in mentions().find(_text(source))}
    ),
}


def is_slip(statement: Statement[Any], result: Result) -> bool:
    """Whether what is suggested is a skill that the writer of the other spelling may have meant."""
    suggestions = result.suggestions if isinstance(result, SkillsResult) else ()
    written = [one.written.value for one in suggestions if one.did_you_mean is statement]
    return any(taxonomy().could_mean(spelling, str(statement.value)) for spelling in written)
