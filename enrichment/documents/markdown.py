"""The competence file as Markdown (CommonMark with tables), in the shape in which consultancies send it.

Whatever the candidate wrote is text and nothing else: `escape` leaves it no way to open a heading, a list, a link, an
image, a code span or HTML.
"""

import re
from collections.abc import Iterable, Iterator

from enrichment import wording
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

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]+")
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~@]|&(?=#?\w{1,40};)|(?<=[A-Za-z]):(?=//)|(?<=[Ww]{3})\.")
_OPENING = re.compile(r"[-+=#:]|\d{1,9}(?=[.)])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}


def render(result: CompetenceFileResult) -> str:
    """The whole document, ending in a newline. Sections without content are left out."""
    return "\n\n".join(_blocks(result)) + "\n"


def escape(text: str) -> str:
    """A text on one line that Markdown shows as it is, wherever on a line it stands."""
    plain = " ".join(_CONTROL.sub(" ", text).split())
    escaped = _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], "\\" + match[0]), plain)
    opening = _OPENING.match(escaped)
    if opening is None:
        return escaped
    return f"{opening[0]}\\{escaped[opening.end() :]}" if opening[0].isdigit() else "\\" + escaped


def _blocks(result: CompetenceFileResult) -> Iterator[str]:
    language = result.language
    yield from _header(result)
    introduction = [*(_value(text) for text in result.introduction), *_bullets(result.introduction_points)]
    yield from _section("introduction", language, introduction)
    yield from _section("key_facts", language, _bullets(result.key_facts))
    yield from _section("achievements", language, _bullets(result.achievements))
    yield from _section("skills", language, _skills(result))
    yield from _section("experience", language, [_engagement(entry, language) for entry in result.experience])
    yield from _section("projects", language, [_project(entry, language) for entry in result.projects])
    yield from _section("education", language, _listed(_education(entry, language) for entry in result.education))
    yield from _section("certificates", language, _items(result.certificates, language))
    yield from _section(
        "languages", language, _listed(_pair(entry.language, entry.fluency, language) for entry in result.languages)
    )
    yield from _section("awards", language, _items(result.awards, language))
    yield from _section("publications", language, _items(result.publications, language))


def _header(result: CompetenceFileResult) -> Iterator[str]:
    header, language = result.header, result.language
    yield f"# {_value(header.name) or label('title', language)}"
    if header.title:
        yield f"**{_value(header.title)}**"
    months = header.total_months
    rows = [
        ("experience_years", wording.full_years(months.value, language) if months else ""),
        ("location", _value(header.location)),
        ("availability", _value(header.availability)),
        ("mobility", ", ".join(_value(place) for place in header.mobility)),
        ("daily_rate", _value(header.daily_rate)),
    ]
    said = [f"| **{label(name, language)}** | {value} |" for name, value in rows if value]
    if said:
        yield "\n".join([f"| {label('title', language)} | |", "|:--|:--|", *said])


def _section(name: str, language: str, blocks: Iterable[str]) -> Iterator[str]:
    filled = [block for block in blocks if block]
    if filled:
        yield f"## {label(name, language)}"
        yield from filled


def _skills(result: CompetenceFileResult) -> list[str]:
    language = result.language
    if not result.skills:
        return []
    rows = [
        f"| **{escape(group.label)}** | {', '.join(_skill(skill, language) for skill in group.skills)} |"
        for group in result.skills
    ]
    return ["\n".join([f"| {label('domain', language)} | {label('practice', language)} |", "|:--|:--|", *rows])]


def _skill(skill: SkillSummary, language: str) -> str:
    practised = f" ({wording.duration(skill.months.value, language)})" if skill.months else ""
    return _value(skill.name) + practised


def _engagement(entry: Engagement, language: str) -> str:
    names = [_value(name) for name in (entry.title, entry.employer) if name]
    when = [_period(entry.start, entry.end, bool(entry.ongoing), language)]
    when += [wording.duration(entry.months.value, language)] if entry.months else []
    when += [_value(entry.location)] if entry.location else []
    details = [("client", entry.client), ("context", entry.context), ("team", entry.team_size)]
    blocks = [
        f"### {' · '.join(names)}" if names else "",
        f"*{' · '.join(part for part in when if part)}*" if any(when) else "",
        *(_labelled(name, _value(text), language) for name, text in details if text),
        *(_value(text) for text in entry.summary),
        "\n".join(_bullets(entry.bullets)),
        _environment(entry.technologies, language),
    ]
    return "\n\n".join(block for block in blocks if block)


def _project(entry: ProjectEntry, language: str) -> str:
    blocks = [
        f"### {_value(entry.name)}" if entry.name else "",
        *(_value(text) for text in entry.summary),
        "\n".join(_bullets(entry.bullets)),
        _environment(entry.technologies, language),
    ]
    return "\n\n".join(block for block in blocks if block)


def _education(entry: EducationEntry, language: str) -> str:
    degree = ", ".join(_value(text) for text in (entry.degree, entry.area) if text)
    parts = [
        f"**{degree}**" if degree else "",
        _value(entry.institution),
        _period(entry.start, entry.end, False, language),
    ]
    return ", ".join(part for part in parts if part)


def _items(items: Iterable[ListedItem], language: str) -> list[str]:
    return _listed(
        ", ".join(part for part in (f"**{_value(item.name)}**", _value(item.issuer), _day(item.date, language)) if part)
        for item in items
    )


def _environment(technologies: tuple[Statement[str], ...], language: str) -> str:
    return _labelled("environment", ", ".join(_value(skill) for skill in technologies), language)


def _labelled(name: str, text: str, language: str) -> str:
    return f"**{label(name, language)}{label('colon', language).rstrip()}** {text}" if text else ""


def _pair(name: Statement[str], detail: Statement[str] | None, language: str) -> str:
    return _value(name) + (label("colon", language) + _value(detail) if detail else "")


def _period(
    start: Statement[PartialDate] | None, end: Statement[PartialDate] | None, ongoing: bool, language: str
) -> str:
    first, last = _day(start, language), _day(end, language) or (wording.present(language) if ongoing else "")
    return " – ".join(dict.fromkeys(part for part in (first, last) if part))


def _day(date: Statement[PartialDate] | None, language: str) -> str:
    return escape(wording.day(date.value, language)) if date else ""


def _bullets(texts: Iterable[Statement[str]]) -> list[str]:
    return _listed(_value(text) for text in texts)


def _listed(texts: Iterable[str]) -> list[str]:
    items = [f"- {text}" for text in texts if text]
    return ["\n".join(items)] if items else []


def _value(statement: Statement[str] | None) -> str:
    return escape(statement.value) if statement else ""
