"""Reads a candidate from any JSON object: JSON Resume 1.x and v0, our additions, and the plain cases of other layouts.

Reading never refuses content. What has another shape is read where its meaning is plain, else left out with a warning;
no warning quotes what the candidate wrote. The tables here and in `sections` say which name is read from where.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from enrichment import results
from enrichment.candidate import Candidate
from enrichment.models import JSON
from enrichment.pointers import Text
from enrichment.reading import sections
from enrichment.reading.nodes import Node, first_text

Entry = TypeVar("Entry")

MAX_WARNINGS = 50
_MAX_UNKNOWN_NAMES = 10
_ROOTS = ("", "content", "cv", "cv/sections", "resume", "data")
"""Where the sections stand: at the top in JSON Resume, below one key in its relatives."""
_PEOPLE = ("basics", "header", "header/contact", "info", "contact", "")
_SECTIONS = {
    "work": ("work", "employment", "experience", "experiences", "workExperience", "professionalExperience"),
    "volunteer": ("volunteer", "volunteering", "service"),
    "projects": ("projects",),
    "education": ("education", "educations"),
    "certificates": ("certificates", "certifications"),
    "awards": ("awards", "recognition", "honors"),
    "publications": ("publications", "writing"),
    "skills": ("skills",),
    "languages": ("languages",),
}
_PERSONAL = (
    *("name", "firstName", "lastName", "label", "headline", "title", "role", "summary", "brief"),
    *("image", "picture", "photo", "email", "phone", "url", "website", "location", "profiles", "social"),
    *("candidateId", "locale", "availability", "mobility", "dailyRate"),
)
_KNOWN = {
    *_PERSONAL,
    *(path.split("/")[0] for paths in (_ROOTS, _PEOPLE, *_SECTIONS.values()) for path in paths),
    *("$schema", "meta", "interests", "references"),
}
_FIELD_NAME = re.compile(r"[A-Za-z$_][A-Za-z0-9_.$-]{0,39}")

_EXPECTED = {
    "name": "The candidate has no name.",
    "label": "No professional title is given.",
    "work": "No position is given.",
    "education": "No education is given.",
    "skills": "No skill is given.",
    "languages": "No language is given.",
}


def read_candidate(source: JSON) -> Candidate:
    """The candidate in any JSON object; every pointer names the real place in `source`."""
    warnings: list[results.Warning] = []
    top = Node(source, "", warnings)
    roots = [node for path in _ROOTS if (node := top.child(path) if path else top)]
    people = [node for root in roots for path in _PEOPLE if (node := root.child(path) if path else root)]
    _warn_of_unknown(top)

    def about(*names: str) -> Text | None:
        return first_text(people, names)

    def section(name: str, read_entry: Callable[[Node], Iterable[Entry]]) -> tuple[Entry, ...]:
        node = next((found for root in roots if (found := root.first(_SECTIONS[name]))), None)
        entries = (entry for child in node.entries() for entry in read_entry(child)) if node else ()
        return tuple(entry for entry in entries if _says_something(entry))

    location = next((node for person in people if (node := person.child("location"))), None)
    place = (location,) if location else ()
    candidate = Candidate(
        source=source,
        warnings=(),
        candidate_id=about("candidateId"),
        locale=about("locale"),
        name=about("name"),
        label=about("label", "headline", "title", "role"),
        summary=about("summary", "brief"),
        email=about("email"),
        phone=about("phone"),
        city=(location.own_text() if location else None) or first_text(place, ("city",)),
        region=first_text(place, ("region",)),
        country=first_text(place, ("country", "countryCode")),
        availability=about("availability"),
        mobility=next((texts for person in people if (texts := person.texts(("mobility",)))), ()),
        daily_rate=next((amount for person in people if (amount := sections.amount(person))), ()),
        work=section("work", sections.positions),
        volunteer=section("volunteer", sections.positions),
        projects=section("projects", sections.projects),
        education=section("education", sections.education),
        certificates=section("certificates", sections.items),
        awards=section("awards", sections.items),
        publications=section("publications", sections.items),
        skills=section("skills", sections.skills),
        languages=section("languages", sections.languages),
    )
    return replace(candidate, warnings=(*_missing(candidate), *warnings))


def _says_something(entry: object) -> bool:
    """Templates are full of entries whose every field is blank."""
    return any(getattr(entry, field) for field in entry.__slots__ if field != "pointer")  # type: ignore[attr-defined]


def _warn_of_unknown(top: Node) -> None:
    """Names the fields that are not read. A key unlike a field name could be personal data: it is only counted."""
    unknown = sorted(str(key) for key in top.value if key not in _KNOWN) if isinstance(top.value, dict) else []
    named = [key for key in unknown if _FIELD_NAME.fullmatch(key)][:_MAX_UNKNOWN_NAMES]
    if unknown:
        others = len(unknown) - len(named)
        listed = ", ".join([*named, *([f"{others} more" if named else f"{others} in all"] if others else [])])
        top.warn("unknown_fields", f"These fields are not read: {listed}.")


def _missing(candidate: Candidate) -> Iterator[results.Warning]:
    for field, message in _EXPECTED.items():
        if not getattr(candidate, field):
            yield results.Warning(code=f"missing_{field}", pointer="", message=message)


def capped(warnings: Sequence[results.Warning]) -> tuple[results.Warning, ...]:
    """At most 50 warnings, and one more that says how many were left out."""
    if len(warnings) <= MAX_WARNINGS:
        return tuple(warnings)
    more = f"{len(warnings) - MAX_WARNINGS} more warnings are left out."
    return (*warnings[:MAX_WARNINGS], results.Warning(code="more_warnings", pointer="", message=more))
