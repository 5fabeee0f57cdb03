"""A rehearsal: the real enricher, with the delays and failures that a job asks for."""

import asyncio
import time

from enrichment.enrichers.base import Enricher, Report, Task
from enrichment.errors import BY_CODE
from enrichment.models import JobType, Rehearsal
from enrichment.results import Recipe, Result


class RehearsedEnricher:
    """Wraps an enricher for one attempt, counted from 1."""

    def __init__(self, enricher: Enricher, rehearsal: Rehearsal, attempt: int) -> None:
        self._enricher = enricher
        self._rehearsal = rehearsal
        self._attempt = attempt

    def recipe(self, job_type: JobType) -> Recipe:
        return self._enricher.recipe(job_type)

    async def enrich(self, task: Task, report: Report) -> Result:
        due = time.monotonic()

        async def slow_report(percentage: int, stage: str, message: str) -> None:
            """A stage takes as long as was asked for, with what the enricher itself does in it."""
            nonlocal due
            await report(percentage, stage, message)
            due = max(due, time.monotonic() - stage_s) + stage_s
            await asyncio.sleep(due - time.monotonic())

        stage_s = self._rehearsal.stage_ms / 1000
        code = self._rehearsal.fail_code
        if code is not None and self._attempt <= self._rehearsal.fail_attempts:
            await slow_report(10, "rehearsing", "Rehearsing a failure")
            raise BY_CODE[code](f"Rehearsed failure {self._attempt} of {self._rehearsal.fail_attempts}")
        return await self._enricher.enrich(task, slow_report)
