"""One reader for the entries of each section: from a JSON entry to the candidate's own nouns."""

from collections.abc import Iterator

from enrichment.candidate import Education, Item, Language, Position, Project, Skill, When
from enrichment.dates import PROBLEMS, read_range, written
from enrichment.pointers import Text
from enrichment.reading.nodes import Node

_EMPLOYER = ("name", "company", "employer", "organization", "organisation")
_TITLE = ("position", "title", "role", "jobTitle")
_BULLETS = ("highlights", "tasks", "missions", "achievements", "responsibilities", "bullets")
_TECHNOLOGIES = ("technologies", "stack", "techStack", "tools")
_START = ("startDate", "start_date", "start", "from")
_END = ("endDate", "end_date", "end", "to")
_ISSUER = ("issuer", "awarder", "publisher", "publisher/name", "journal", "from")
_RANGE = ("date", "dates", "period")
_CURRENT = ("current", "isCurrent")


def positions(node: Node) -> Iterator[Position]:
    """One position, or each of an employer's `positions`."""
    if not _is_object(node):
        return
    inner = node.child("positions")
    nested = [child for child in inner.entries() if isinstance(child.value, dict)] if inner else []
    for entry in nested or [node]:
        start, end = _period(entry)
        summary = entry.text(("summary", "description"))
        yield Position(
            pointer=entry.pointer,
            employer=entry.text(_EMPLOYER) or (node.text(_EMPLOYER) if nested else None),
            client=entry.text(("client",)),
            title=entry.text(_TITLE),
            location=_place(entry) or (_place(node) if nested else None),
            context=entry.text(("context",)),
            summary=summary,
            highlights=entry.texts(_BULLETS),
            technologies=entry.texts(_TECHNOLOGIES),
            keywords=entry.texts(("keywords",)),
            team_size=entry.text(("teamSize",)),
            start=start,
            end=end,
        )


def projects(node: Node) -> Iterator[Project]:
    if name := node.own_text():
        yield Project(pointer=node.pointer, name=name)
    elif _is_object(node):
        start, end = _period(node)
        yield Project(
            pointer=node.pointer,
            name=node.text(("name", "title")),
            description=node.text(("description", "summary")),
            highlights=node.texts(_BULLETS),
            technologies=node.texts(_TECHNOLOGIES),
            keywords=node.texts(("keywords",)),
            start=start,
            end=end,
        )


def education(node: Node) -> Iterator[Education]:
    if degree := node.own_text():
        yield Education(pointer=node.pointer, degree=degree)
    elif _is_object(node):
        start, end = _period(node)
        yield Education(
            pointer=node.pointer,
            institution=node.text(("institution", "school", "university", "name")),
            degree=node.text(("studyType", "degree", "title")),
            area=node.text(("area", "specialization")),
            start=start,
            end=end,
        )


def items(node: Node) -> Iterator[Item]:
    name = node.own_text() or (node.text(("name", "title", "bullet")) if _is_object(node) else None)
    if name:
        day = node.first(("date", "releaseDate", "endDate", "startDate"))
        yield Item(name, issuer=node.text(_ISSUER), date=_dates(day)[0] if day else None)


def languages(node: Node) -> Iterator[Language]:
    name = node.own_text() or (node.text(("language", "name")) if _is_object(node) else None)
    if name:
        yield Language(name, fluency=node.text(("fluency", "level", "proficiency")))


def skills(node: Node) -> Iterator[Skill]:
    """A plain string is a skill; an object is a skill or a named group; `{"Tools": ["Git"]}` is groups by name."""
    if name := node.own_text():
        yield Skill(name)
    elif _is_object(node):
        name, keywords = node.text(("name", "skill")), node.texts(("keywords", "skills"))
        if name or keywords:
            last_used = node.child("lastUsed")
            yield Skill(
                name=name,
                level=node.text(("level",)),
                keywords=keywords,
                years=node.text(("years",)),
                last_used=_dates(last_used)[0] if last_used else None,
            )
        elif isinstance(node.value, dict):
            groups = (group for key in node.value if (group := node.at(str(key))) and isinstance(group.value, list))
            yield from (Skill(None, keywords=group.own_texts()) for group in groups)


def _is_object(node: Node) -> bool:
    if isinstance(node.value, dict):
        return True
    node.warn("wrong_shape", "An object was expected here; this entry is ignored.")
    return False


def _place(node: Node) -> Text | None:
    location = node.child("location")
    if location and isinstance(location.value, dict):
        return location.text(("city", "region"))
    return node.text(("location", "city"))


def amount(node: Node) -> tuple[Text, ...]:
    rate = node.child("dailyRate")
    if rate and isinstance(rate.value, dict):
        parts = (rate.text(("amount", "value", "min")), rate.text(("currency",)))
        return tuple(part for part in parts if part)
    text = node.text(("dailyRate",))
    return (text,) if text else ()


def _period(node: Node) -> tuple[When | None, When | None]:
    """Start and end, from two fields or from a range in one. A lone date is an end: it says when, not since when."""
    first, last = node.first(_START), node.first(_END)
    start, implied_end = _dates(first) if first else (None, None)
    end = _dates(last)[0] if last else implied_end
    if start is None and end is None and (span := node.first(_RANGE)):
        start, end = _dates(span)
        if end is None:
            return None, start
    if end is None and (current := node.first(_CURRENT)) and current.value is True:
        end = _dates(current)[0]
    return start, end


def _dates(node: Node) -> tuple[When | None, When | None]:
    raw = written(node.value)
    if raw is None:
        node.warn("wrong_shape", "A date was expected here; this value is ignored.")
        return None, None
    start, end = read_range(raw)
    for reading in (start, end):
        if reading and reading.problem:
            node.warn(reading.problem, PROBLEMS[reading.problem])
    return When(start.date, node.pointer), When(end.date, node.pointer) if end else None
