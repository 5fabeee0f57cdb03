"""What an enrichment answers: typed by job type, and each statement in it with the evidence that carries it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import Field

from enrichment.dates import PartialDate
from enrichment.models import JobType, Model

T = TypeVar("T")
SCHEMA_VERSION = "1"


class Kind(StrEnum):
    """How a statement follows from its evidence."""

    COPIED = "copied"
    """Word for word."""
    NORMALISED = "normalised"
    """The same thing in its standard spelling or form."""
    DERIVED = "derived"
    """Computed from the evidence by a stated rule; computing it again gives the same value."""
    INFERRED = "inferred"
    """Judged from the evidence by a stated rule; a person may judge otherwise."""
    EDITED = "edited"
    """Written by the person who reviewed the result; the evidence is that of what stood there before."""


class Statement(Model, Generic[T]):
    """One thing the result says. `evidence` holds at least one RFC 6901 JSON pointer into the candidate's data."""

    value: T
    kind: Kind
    evidence: tuple[str, ...] = Field(min_length=1)
    rule: str | None = None
    """Which rule derived or inferred it; none for a copy."""


Said = Statement[str]
"""The commonest statement, by a name of its own: looking a generic type up takes longer than making one."""


class Warning(Model):
    """Something a person should look at; the job still completes. `pointer` is `""` for the résumé as a whole."""

    code: str
    pointer: str
    message: str


class Violation(Model):
    """A statement that its evidence does not carry.

    `pointer` is its place in the result's JSON, `rule` the rule of the check that it broke, `found` the words that
    nothing carries. `repaired`: the source's own text stands there now, or nothing.
    """

    pointer: str
    rule: str
    found: tuple[str, ...] = ()
    repaired: bool = False


class Faithfulness(Model):
    """How much of the result is carried by the candidate's data: `score` 0 to 1 over `checked_facts` statements.

    `novelty` is the share of the words in reworded texts that their evidence does not hold: a hint, no verdict.
    """

    score: float = Field(ge=0, le=1)
    checked_facts: int = Field(ge=0)
    violations: tuple[Violation, ...] = ()
    novelty: float = Field(default=0.0, ge=0, le=1)
    method: str
    version: str


class Usage(Model):
    """What all attempts of the run used, also for answers of no use. Rules use nothing; a cost of `None` means unknown,
    never free.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    usage_reported: bool = True
    cached: bool = False
    """All answers had been paid for before, by another job or run: this one was billed nothing."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a result is made with, beside the candidate's data: by the same recipe the same data need not be enriched
    again.
    """

    provider: str
    model: str
    prompt_version: str | None
    taxonomy_version: str


class Result(Model):
    """What every result holds, whatever its type."""

    schema_version: str = SCHEMA_VERSION
    provider: str
    model: str
    prompt_version: str | None
    taxonomy_version: str
    notice: str | None = None
    """How the result was made, in a sentence for the person who reads it."""
    warnings: tuple[Warning, ...] = ()
    faithfulness: Faithfulness
    usage: Usage = Usage()


class Question(Model):
    """Something to ask the candidate. `pointer` is the place in the candidate's data that the answer belongs to."""

    code: str
    pointer: str
    text: str


class Level(StrEnum):
    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"
    EXPERT = "expert"


class SkillReview(Model):
    """One skill under its one name. `declared` is false when only the text of a position names it."""

    name: Statement[str]
    category: Statement[str]
    """A category of the taxonomy, or `other` for a skill that it does not know."""
    known: bool
    declared: bool
    written_as: tuple[Statement[str], ...]
    """Each spelling in the list of skills; more than one means that duplicates were merged."""
    declared_level: Statement[str] | None = None
    declared_years: Statement[str] | None = None
    months: Statement[int] | None = None
    last_used: Statement[str] | None = None
    """`YYYY-MM`, or `YYYY` where only the year is known."""
    level: Statement[Level] | None = None


class Suggestion(Model):
    """A spelling that the taxonomy does not know, and the skill that was perhaps meant. Nothing is changed by it."""

    written: Statement[str]
    did_you_mean: Statement[str]


class SkillsResult(Result):
    skills: tuple[SkillReview, ...]
    suggestions: tuple[Suggestion, ...]


class Achievement(Model):
    """A sentence that states a measured result, word for word, and the figures in it."""

    text: Statement[str]
    figures: tuple[Statement[str], ...]


class Span(Model):
    """Whole months from the first of `start` to the end of `end`, both `YYYY-MM`."""

    start: str
    end: str
    months: int


class Engagement(Model):
    """One position. `months` is none where a date is missing or impossible; `ongoing` is none where it has ended."""

    pointer: str
    title: Statement[str] | None
    employer: Statement[str] | None
    client: Statement[str] | None
    location: Statement[str] | None
    start: Statement[PartialDate] | None
    end: Statement[PartialDate] | None
    ongoing: Statement[bool] | None
    months: Statement[int] | None
    context: Statement[str] | None
    team_size: Statement[str] | None
    summary: tuple[Statement[str], ...]
    bullets: tuple[Statement[str], ...]
    technologies: tuple[Statement[str], ...]


class PositionReview(Model):
    """What was found in one position, and what to ask about it."""

    position: Engagement
    achievements: tuple[Achievement, ...]
    questions: tuple[Question, ...]


class ExperienceResult(Result):
    """`total_months` counts a month once, however many positions it falls in."""

    positions: tuple[PositionReview, ...]
    total_months: Statement[int] | None
    gaps: tuple[Statement[Span], ...]
    overlaps: tuple[Statement[Span], ...]
    questions: tuple[Question, ...]
    volunteering: tuple[Engagement, ...] = ()
    """Told as it is, and counted nowhere."""


class Section(Model):
    """One thing a complete résumé has, how much of the score it carries, and whether it is there."""

    name: str
    present: bool
    weight: int


class Completeness(Model):
    """`score` from 0 to 100: the weights of the sections that are present."""

    score: Statement[int]
    sections: tuple[Section, ...]


class SkillSummary(Model):
    """`declared_years` are the candidate's own, as written, and win over the `months` counted from the positions."""

    name: Statement[str]
    declared_years: Statement[str] | None = None
    months: Statement[int] | None = None
    level: Statement[Level] | None = None


class ProfileResult(Result):
    headline: Statement[str] | None
    summary: tuple[Statement[str], ...]
    """One sentence each, assembled from facts."""
    own_words: Statement[str] | None
    """The candidate's own summary."""
    total_months: Statement[int] | None
    top_skills: tuple[SkillSummary, ...]
    completeness: Completeness
    questions: tuple[Question, ...]


class Header(Model):
    """Who the file presents. No address, e-mail or telephone: the one who sends the file is the one to call."""

    name: Statement[str] | None
    title: Statement[str] | None
    location: Statement[str] | None
    total_months: Statement[int] | None
    availability: Statement[str] | None
    mobility: tuple[Statement[str], ...]
    daily_rate: Statement[str] | None


class SkillGroup(Model):
    """The skills of one category; `label` is the category in the file's language."""

    category: str
    label: str
    skills: tuple[SkillSummary, ...]


class ProjectEntry(Model):
    name: Statement[str] | None
    summary: tuple[Statement[str], ...]
    bullets: tuple[Statement[str], ...]
    technologies: tuple[Statement[str], ...]
    entity: Statement[str] | None = None
    """The client or organisation that it was made for."""
    roles: tuple[Statement[str], ...] = ()
    keywords: tuple[Statement[str], ...] = ()
    """Those that name no skill that is known."""
    start: Statement[PartialDate] | None = None
    end: Statement[PartialDate] | None = None


class EducationEntry(Model):
    institution: Statement[str] | None
    degree: Statement[str] | None
    area: Statement[str] | None
    start: Statement[PartialDate] | None
    end: Statement[PartialDate] | None
    grades: tuple[Statement[str], ...] = ()
    details: tuple[Statement[str], ...] = ()
    """A thesis, honours, courses: all that is said of it."""


class ListedItem(Model):
    """A certificate, an award, a publication, a patent or a talk."""

    name: Statement[str]
    issuer: Statement[str] | None
    date: Statement[PartialDate] | None
    summary: tuple[Statement[str], ...] = ()


class LanguageEntry(Model):
    language: Statement[str]
    fluency: Statement[str] | None


class CompetenceFileResult(Result):
    """The content of a competence file, in the order in which it is read; `language` is that of its labels."""

    language: str
    header: Header
    introduction: tuple[Statement[str], ...]
    introduction_points: tuple[Statement[str], ...]
    """What the candidate wrote as a list in the summary."""
    key_facts: tuple[Statement[str], ...]
    achievements: tuple[Statement[str], ...]
    skills: tuple[SkillGroup, ...]
    experience: tuple[Engagement, ...]
    projects: tuple[ProjectEntry, ...]
    education: tuple[EducationEntry, ...]
    certificates: tuple[ListedItem, ...]
    languages: tuple[LanguageEntry, ...]
    awards: tuple[ListedItem, ...]
    publications: tuple[ListedItem, ...]
    volunteering: tuple[Engagement, ...] = ()
    """Counted in no months."""
    patents: tuple[ListedItem, ...] = ()
    talks: tuple[ListedItem, ...] = ()


RESULTS: dict[JobType, type[Result]] = {
    JobType.SKILLS_OPTIMIZATION: SkillsResult,
    JobType.EXPERIENCE_ENHANCEMENT: ExperienceResult,
    JobType.CANDIDATE_PROFILE_ENHANCEMENT: ProfileResult,
    JobType.COMPETENCE_FILE_GENERATION: CompetenceFileResult,
}
"""What each job type answers; a bulk's own result counts its children and is no enrichment."""
