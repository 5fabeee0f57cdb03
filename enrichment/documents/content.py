"""What a competence file says, before any format: sections of paragraphs, lists, tables and entries, all plain text.

It says each thing in the words and the order of the document that a consultancy sends. A renderer adds typography and
nothing else; every text here is one line without control characters.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from enrichment import practice, wording
from enrichment.dates import PartialDate
from enrichment.documents.labels import label
from enrichment.results import (
    CompetenceFileResult,
    EducationEntry,
    Engagement,
    ListedItem,
    ProjectEntry,
    SkillSummary,
    Statement,
)

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]+")
"""Control characters, and those that turn the text around or are no characters at all."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text that may begin with words in bold: `lead` and `text` follow each other as they are."""

    lead: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bullets:
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Two columns; the left one names what the right one says."""

    head: tuple[str, str]
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One position or project: a heading, and when and where in a line below it; either may be empty."""

    heading: str
    when: str
    blocks: tuple["Line | Bullets", ...]


Block = Line | Bullets | Table | Entry


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """`title` is the candidate's name where there is one; `kind` is what the document is.

    `made_at`, in whole seconds, dates the file.
    """

    language: str
    kind: str
    title: str
    subtitle: str
    facts: Table | None
    sections: tuple[Section, ...]
    made_at: datetime


def document(result: CompetenceFileResult, made_at: datetime) -> Document:
    """Sections without content are left out."""
    language = result.language
    header = result.header
    kind = label("title", language)
    return Document(
        language=language,
        kind=kind,
        title=_value(header.name) or kind,
        subtitle=_value(header.title),
        facts=_facts(result),
        sections=tuple(Section(label(name, language), blocks) for name, blocks in _sections(result) if blocks),
        made_at=made_at.replace(microsecond=0),
    )


def plain(text: str) -> str:
    """The text on one line, without what nobody sees."""
    return " ".join(_INVISIBLE.sub(" ", text).split())


def _sections(result: CompetenceFileResult) -> Iterator[tuple[str, tuple[Block, ...]]]:
    language = result.language
    introduction: tuple[Block, ...] = (
        *(Line("", _value(text)) for text in result.introduction),
        *_bullets(result.introduction_points),
    )
    yield "introduction", introduction
    yield "key_facts", _bullets(result.key_facts)
    yield "achievements", _bullets(result.achievements)
    yield "skills", _skills(result)
    yield "experience", _filled(_engagement(entry, language) for entry in result.experience)
    yield "volunteering", _filled(_engagement(entry, language) for entry in result.volunteering)
    yield "projects", _filled(_project(entry, language) for entry in result.projects)
    yield "education", _listed(_education(entry, language) for entry in result.education)
    yield "certificates", _items(result.certificates, language)
    yield "languages", _listed(_pair(entry.language, entry.fluency, language) for entry in result.languages)
    yield "awards", _items(result.awards, language)
    yield "publications", _items(result.publications, language)
    yield "patents", _items(result.patents, language)
    yield "talks", _items(result.talks, language)


def _facts(result: CompetenceFileResult) -> Table | None:
    header, language = result.header, result.language
    months = header.total_months
    said = (
        ("experience_years", wording.full_years(months.value, language) if months else ""),
        ("location", _value(header.location)),
        ("availability", _value(header.availability)),
        ("mobility", ", ".join(_value(place) for place in header.mobility)),
        ("daily_rate", _value(header.daily_rate)),
    )
    rows = tuple((label(name, language), text) for name, text in said if text)
    return Table((label("title", language), ""), rows) if rows else None


def _skills(result: CompetenceFileResult) -> tuple[Block, ...]:
    language = result.language
    rows = tuple(
        (plain(group.label), ", ".join(_skill(skill, language) for skill in group.skills)) for group in result.skills
    )
    return (Table((label("domain", language), label("practice", language)), rows),) if rows else ()


def _skill(skill: SkillSummary, language: str) -> str:
    """With the candidate's own years, else those that the positions add up to."""
    own, months = skill.declared_years, skill.months
    practised = practice.spoken(_value(own), language) if own else ""
    counted = wording.duration(months.value, language) if months else ""
    return _value(skill.name) + (f" ({practised or counted})" if practised or counted else "")


def _engagement(entry: Engagement, language: str) -> Entry:
    names = [_value(name) for name in (entry.title, entry.employer) if name]
    when = [_period(entry.start, entry.end, bool(entry.ongoing), language)]
    when += [wording.duration(entry.months.value, language)] if entry.months else []
    when += [_value(entry.location)] if entry.location else []
    details = [("client", entry.client), ("context", entry.context), ("team", entry.team_size)]
    return Entry(
        heading=" · ".join(names),
        when=" · ".join(part for part in when if part),
        blocks=(
            *(_labelled(name, _value(text), language) for name, text in details if text),
            *_body(entry, language),
        ),
    )


def _filled(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.heading or entry.when or entry.blocks)


def _project(entry: ProjectEntry, language: str) -> Entry:
    roles, keywords = (", ".join(map(_value, texts)) for texts in (entry.roles, entry.keywords))
    return Entry(
        heading=" · ".join(_value(name) for name in (entry.name, entry.entity) if name),
        when=_period(entry.start, entry.end, False, language),
        blocks=(
            *((_labelled("role", roles, language),) if roles else ()),
            *_body(entry, language),
            *((_labelled("keywords", keywords, language),) if keywords else ()),
        ),
    )


def _body(entry: Engagement | ProjectEntry, language: str) -> tuple[Line | Bullets, ...]:
    technologies = ", ".join(_value(skill) for skill in entry.technologies)
    environment = (_labelled("environment", technologies, language),) if technologies else ()
    return (*(Line("", _value(text)) for text in entry.summary), *_bullets(entry.bullets), *environment)


def _education(entry: EducationEntry, language: str) -> Line:
    degree = ", ".join(_value(text) for text in (entry.degree, entry.area) if text)
    grades = [label("grade", language) + label("colon", language) + _value(grade) for grade in entry.grades]
    when = _period(entry.start, entry.end, False, language)
    return _after(degree, [_value(entry.institution), when], [*grades, *map(_value, entry.details)])


def _items(items: Iterable[ListedItem], language: str) -> tuple[Bullets, ...]:
    return _listed(
        _after(_value(item.name), [_value(item.issuer), _day(item.date, language)], map(_value, item.summary))
        for item in items
    )


def _after(lead: str, parts: Iterable[str], details: Iterable[str]) -> Line:
    """`**lead**, part, part · detail · detail`; without a lead the rest alone."""
    rest = ", ".join(part for part in parts if part)
    first = f", {rest}" if lead and rest else rest
    more = " · ".join(detail for detail in details if detail)
    return Line(lead, first + (" · " if more and (lead or rest) else "") + more)


def _labelled(name: str, text: str, language: str) -> Line:
    return Line(label(name, language) + label("colon", language).rstrip(), f" {text}")


def _pair(name: Statement[str], detail: Statement[str] | None, language: str) -> Line:
    return Line("", _value(name) + (label("colon", language) + _value(detail) if detail else ""))


def _period(
    start: Statement[PartialDate] | None, end: Statement[PartialDate] | None, ongoing: bool, language: str
) -> str:
    first, last = _day(start, language), _day(end, language) or (wording.present(language) if ongoing else "")
    if first and not last:
        return f"{first} –"
    return " – ".join(dict.fromkeys(part for part in (first, last) if part))


def _day(date: Statement[PartialDate] | None, language: str) -> str:
    return plain(wording.day(date.value, language)) if date else ""


def _bullets(texts: Iterable[Statement[str]]) -> tuple[Bullets, ...]:
    return _listed(Line("", _value(text)) for text in texts)


def _listed(lines: Iterable[Line]) -> tuple[Bullets, ...]:
    said = tuple(line for line in lines if line.lead or line.text)
    return (Bullets(said),) if said else ()


def _value(statement: Statement[str] | None) -> str:
    return plain(statement.value) if statement else ""
