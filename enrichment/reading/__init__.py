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
    "work": (
        *("work", "employment", "experience", "experiences", "workExperience", "professionalExperience"),
        *("experienceProfessionnelle", "experiencesProfessionnelles", "emplois"),
    ),
    "volunteer": ("volunteer", "volunteering", "service", "benevolat"),
    "projects": ("projects", "projets"),
    "education": ("education", "educations", "formation", "formations", "etudes", "diplomes"),
    "certificates": ("certificates", "certifications", "certificats"),
    "awards": ("awards", "recognition", "honors", "honours", "selectedHonors", "distinctions", "prix"),
    "publications": ("publications", "writing", "selectedPublications"),
    "patents": ("patents", "brevets"),
    "talks": ("talks", "invitedTalks", "speaking", "conferences"),
    "skills": ("skills", "technicalSkills", "softSkills", "competences", "competencesTechniques"),
    "languages": ("languages", "langues"),
}
_LEFT_OUT = (
    *("image", "picture", "photo", "logo", "media", "url", "website", "repo", "profiles", "social", "socialNetworks"),
    *("linkedin", "github", "$schema", "meta", "id", "type", "category", "interests", "references"),
)
"""What no result shows, and nobody needs to be told of."""
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
    unknown: list[results.Warning] = []

    def about(*names: str) -> Text | None:
        return first_text(people, names)

    def section(name: str, read_entry: Callable[[Node], Iterable[Entry]]) -> tuple[Entry, ...]:
        found: list[Entry] = []
        for node in (node for root in roots for node in root.all(_SECTIONS[name])):
            children = list(node.entries())
            found.extend(entry for child in children for entry in read_entry(child) if _says_something(entry))
            unknown.extend(_unread(node.pointer, "These fields of its entries are not read", children))
        return tuple(found)

    location = next((node for person in people if (node := person.first(("location", "lieu")))), None)
    place = (*((location,) if location else ()), *people)
    full_name = about("name", "fullName", "nomComplet")
    resume = top.child("resume")
    candidate = Candidate(
        source=source,
        warnings=(),
        candidate_id=about("candidateId"),
        locale=about("locale"),
        given_name=None if full_name else about("firstName", "givenName", "prenom"),
        name=full_name or about("lastName", "familyName", "surname", "nom"),
        label=about("label", "headline", "title", "role", "titre", "intitule"),
        summary=about("summary", "brief", "presentation") or (resume.own_text() if resume else None),
        email=about("email", "courriel"),
        phone=about("phone", "telephone"),
        city=(location.own_text() if location else None) or first_text(place, ("city", "ville")),
        region=first_text(place, ("region",)),
        country=first_text(place, ("country", "countryCode", "pays")),
        availability=about("availability", "disponibilite"),
        mobility=next((texts for person in people if (texts := person.texts(("mobility", "mobilite")))), ()),
        daily_rate=next((amount for person in people if (amount := sections.amount(person))), ()),
        work=section("work", sections.positions),
        volunteer=section("volunteer", sections.positions),
        projects=section("projects", sections.projects),
        education=section("education", sections.education),
        certificates=section("certificates", sections.items),
        awards=section("awards", sections.items),
        publications=section("publications", sections.items),
        patents=section("patents", sections.items),
        talks=section("talks", sections.items),
        skills=section("skills", sections.skills),
        languages=section("languages", sections.languages),
    )
    for node in {node.pointer: node for node in (*roots, *people)}.values():
        unknown += _unread(node.pointer, "These fields are not read", [node])
    return replace(candidate, warnings=(*_missing(candidate), *unknown, *warnings))


def _says_something(entry: object) -> bool:
    """Templates are full of entries whose every field is blank."""
    return any(getattr(entry, field) for field in entry.__slots__ if field != "pointer")  # type: ignore[attr-defined]


def _unread(pointer: str, said: str, nodes: Iterable[Node]) -> Iterator[results.Warning]:
    """Names the fields that were not read. A key unlike a field name could be personal data: it is only counted."""
    unknown = sorted({key for node in nodes for key in node.unread(but=_LEFT_OUT)})
    named = [key for key in unknown if _FIELD_NAME.fullmatch(key)][:_MAX_UNKNOWN_NAMES]
    if unknown:
        others = len(unknown) - len(named)
        listed = ", ".join([*named, *([f"{others} more" if named else f"{others} in all"] if others else [])])
        yield results.Warning(code="unknown_fields", pointer=pointer, message=f"{said}: {listed}.")


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
