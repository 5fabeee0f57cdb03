"""What the tests of the rules share: one enricher, and a way to run a type on a candidate."""

import asyncio
from datetime import date
from typing import Any, TypeVar, cast

from enrichment.enrichers.base import Task
from enrichment.enrichers.rules import RulesEnricher
from enrichment.models import JobType
from enrichment.results import RESULTS, Result

AS_OF = date(2026, 11, 1)
ENRICHER = RulesEnricher()
R = TypeVar("R", bound=Result)


async def ignore(percentage: int, stage: str, message: str) -> None:
    """A report that nobody reads."""


def enrich(wanted: type[R], candidate: dict[str, Any], locale: str = "en", as_of: date = AS_OF) -> R:
    """The result of the type that answers with `wanted`."""
    [job_type] = [job_type for job_type, result in RESULTS.items() if result is wanted]
    return cast(R, run(job_type, candidate, locale, as_of))


def run(job_type: JobType, candidate: dict[str, Any], locale: str = "en", as_of: date = AS_OF) -> Result:
    return asyncio.run(ENRICHER.enrich(Task(job_type, candidate, as_of, locale), ignore))
