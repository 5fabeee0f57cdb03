"""The steps of a job with a workflow of its own."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from temporalio import activity

from activities.attempt import RENDERED, Attempt, Attempts, Superseded
from activities.boundary import for_workflow, ours
from activities.heartbeat import Milestone, heartbeating
from enrichment.db import Database
from enrichment.documents import store
from enrichment.errors import EnrichmentError
from enrichment.jobs import transitions
from enrichment.runs import Activity, JobRun


class EnrichmentActivities:
    """Each step answers whether the job is still its own: a job that was cancelled needs no further step."""

    def __init__(self, database: Database, attempts: Attempts) -> None:
        self._database = database
        self._attempts = attempts

    @activity.defn(name=Activity.ENRICH)
    async def enrich(self, job: JobRun) -> bool:
        """Enriches the candidate and saves the result in the row, as a draft until the job is finished."""

        async def step(attempt: Attempt, milestone: Milestone) -> bool:
            work = await self._attempts.begin(attempt)
            if work.has_result:
                return True
            result = await self._attempts.enrich(attempt, work, milestone)
            return await self._attempts.until_stored(
                lambda: transitions.save(self._database, job.job_id, job.run, result)
            )

        return await self._attempt(job, step)

    @activity.defn(name=Activity.RENDER)
    async def render(self, job: JobRun) -> bool:
        """Renders the saved result into documents."""

        async def step(attempt: Attempt, milestone: Milestone) -> bool:
            await self._attempts.report(attempt, milestone, RENDERED, "rendering", "Rendering the document")
            return await store.render(self._database, job.job_id, job.run)

        return await self._attempt(job, step)

    async def _attempt(self, job: JobRun, step: Callable[[Attempt, Milestone], Awaitable[bool]]) -> bool:
        """One attempt of a step: it heartbeats, and its failure is shown in the row."""
        attempt = Attempt(job.job_id, job.run, job.attempt + activity.info().attempt - 1, job.max_retries)
        async with heartbeating(job.milestone) as milestone:
            try:
                return await step(attempt, milestone)
            except Superseded:
                return False
            except asyncio.CancelledError as error:
                raise for_workflow(error, milestone.percentage, attempt.number) from None
            except Exception as error:
                with contextlib.suppress(EnrichmentError):
                    await self._attempts.record_failure(attempt, milestone, ours(error))
                raise for_workflow(error, milestone.percentage, attempt.number) from None
