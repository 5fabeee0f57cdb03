"""A candidate as submitted: each text and each date with its place in the JSON.

Interests and references have no place here: neither helps to place a person, and references speak of third parties.
"""

from dataclasses import dataclass

from enrichment import results
from enrichment.dates import PartialDate
from enrichment.models import JSON
from enrichment.pointers import Text


@dataclass(frozen=True, slots=True)
class When:
    """A date and where it stands."""

    date: PartialDate
    pointer: str


@dataclass(frozen=True, slots=True)
class Position:
    """One job, mission or volunteer service. An `end` of precision `present` was written as such."""

    pointer: str
    employer: Text | None = None
    client: Text | None = None
    title: Text | None = None
    location: Text | None = None
    context: Text | None = None
    description: Text | None = None
    """What is said beside the summary: in JSON Resume of the employer, so that no skill and no result is read in it."""
    summary: Text | None = None
    highlights: tuple[Text, ...] = ()
    technologies: tuple[Text, ...] = ()
    keywords: tuple[Text, ...] = ()
    team_size: Text | None = None
    start: When | None = None
    end: When | None = None


@dataclass(frozen=True, slots=True)
class Project:
    pointer: str
    name: Text | None = None
    entity: Text | None = None
    roles: tuple[Text, ...] = ()
    description: Text | None = None
    summary: Text | None = None
    highlights: tuple[Text, ...] = ()
    technologies: tuple[Text, ...] = ()
    keywords: tuple[Text, ...] = ()
    start: When | None = None
    end: When | None = None


@dataclass(frozen=True, slots=True)
class Education:
    pointer: str
    institution: Text | None = None
    degree: Text | None = None
    area: Text | None = None
    grades: tuple[Text, ...] = ()
    details: tuple[Text, ...] = ()
    """A thesis, honours, courses, and what else is said of it."""
    start: When | None = None
    end: When | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """Something with a title, who gave it, and a day: a certificate, an award, a publication, a patent, a talk."""

    name: Text
    issuer: Text | None = None
    date: When | None = None
    summary: Text | None = None


@dataclass(frozen=True, slots=True)
class Language:
    name: Text
    fluency: Text | None = None


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill, or a group of skills when `keywords` are given."""

    name: Text | None
    level: Text | None = None
    keywords: tuple[Text, ...] = ()
    years: Text | None = None
    last_used: When | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    source: JSON
    warnings: tuple[results.Warning, ...]
    candidate_id: Text | None
    locale: Text | None
    given_name: Text | None
    """Where the names are written apart: then `name` is the family's."""
    name: Text | None
    label: Text | None
    summary: Text | None
    email: Text | None
    phone: Text | None
    city: Text | None
    region: Text | None
    country: Text | None
    availability: Text | None
    mobility: tuple[Text, ...]
    daily_rate: tuple[Text, ...]
    """An amount, then its currency when that is written apart."""
    work: tuple[Position, ...]
    volunteer: tuple[Position, ...]
    projects: tuple[Project, ...]
    education: tuple[Education, ...]
    certificates: tuple[Item, ...]
    awards: tuple[Item, ...]
    publications: tuple[Item, ...]
    patents: tuple[Item, ...]
    talks: tuple[Item, ...]
    skills: tuple[Skill, ...]
    languages: tuple[Language, ...]

    @property
    def engagements(self) -> tuple[Position, ...]:
        """All that the candidate has done for somebody, paid or not."""
        return (*self.work, *self.volunteer)
