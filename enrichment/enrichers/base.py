"""The seam between a job and what enriches it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from enrichment.models import JSON, JobType
from enrichment.results import Recipe, Result


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom and in which job the work is done; `priority` is the job's number."""

    tenant: str = ""
    job_id: str = ""
    run: int = 1
    attempt: int = 1
    candidate_id: str | None = None
    parent_id: str | None = None
    """The bulk that the job is part of."""
    priority: int = 5
    max_cost_usd: float | None = None
    """What the job, or its whole bulk, may cost."""


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate to enrich.

    `candidate` is the JSON as submitted, which every evidence pointer points into; `as_of` is the day, fixed at
    submission, that an open-ended position is counted to; `locale` is a BCP 47 tag.
    """

    type: JobType
    candidate: JSON
    as_of: date
    locale: str = "en"
    asker: Asker = Asker()
    refresh: bool = False
    """Ask a model anew, also where its answer is kept."""
    allow_rules_fallback: bool = False
    """Where a model fails for good, the rules may answer."""
    is_last_attempt: bool = False


class Report(Protocol):
    """Tells the people who watch how far the work is. Best effort: it never raises and never blocks for long."""

    def __call__(self, percentage: int, stage: str, message: str) -> Awaitable[None]:
        """`percentage` of this enrichment, 0-100. `message` is a sentence for people: counts, never candidate data."""
        ...


class Enricher(Protocol):
    """Enriches a candidate.

    Raises:
        EnrichmentError: with the code and whether trying again can help.
    """

    async def enrich(self, task: Task, report: Report) -> Result: ...

    def recipe(self, job_type: JobType) -> Recipe:
        """What its results of this type are made with now; of several models, the one that is asked first."""
        ...
