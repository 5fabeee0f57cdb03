"""The steps of a job with a workflow of its own."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from temporalio import activity

from activities.attempt import Attempt, Attempts, Held
from activities.boundary import for_workflow, ours, put_off
from activities.endings import Endings
from activities.heartbeat import Milestone, heartbeating
from activities.watch import Superseded
from enrichment.db import Database
from enrichment.documents import store
from enrichment.errors import EnrichmentError
from enrichment.jobs import attempts
from enrichment.jobs.transitions import Outcome
from enrichment.models import JSON, JobStatus
from enrichment.runs import Activity, JobRun


class EnrichmentActivities:
    """Each step answers whether the job is still its own: a job that was cancelled needs no further step.

    The last step completes the job in the statement that stores what it has made, and answers with the status.
    """

    def __init__(self, database: Database, attempts: Attempts, endings: Endings) -> None:
        self._database = database
        self._attempts = attempts
        self._endings = endings

    @activity.defn(name=Activity.ENRICH)
    async def enrich(self, job: JobRun) -> str | bool:
        """Enriches the candidate and saves the result in the row: a draft, where there is another step."""

        async def step(attempt: Attempt, milestone: Milestone) -> str | bool:
            work = await self._attempts.begin(attempt)
            result = None if work.has_result else await self._attempts.enrich(attempt, work, milestone)
            return await self._attempts.until_stored(job.job_id, job.run, lambda: self._store(job, result))

        return await self._attempt(job, step)

    @activity.defn(name=Activity.RENDER)
    async def render(self, job: JobRun) -> str | bool:
        """Renders the saved result into documents."""

        async def step(attempt: Attempt, milestone: Milestone) -> str | bool:
            self._attempts.show(attempt, milestone, "rendering", "Rendering the document", percentage=attempts.ENRICHED)
            is_ours = await store.render(self._database, job.job_id, job.run)
            return is_ours and await self._attempts.until_stored(job.job_id, job.run, lambda: self._store(job, None))

        return await self._attempt(job, step)

    async def _store(self, job: JobRun, result: JSON | None) -> str | bool:
        """Keeps a result, if it was not kept before; completes the job, if this is its last step."""
        if job.is_last_step:
            completed = Outcome(JobStatus.COMPLETED, result=result)
            return await self._endings.end(job.job_id, job.run, completed) and completed.status.value
        return result is None or await attempts.save(self._database, job.job_id, job.run, result)

    async def _attempt(self, job: JobRun, step: Callable[[Attempt, Milestone], Awaitable[str | bool]]) -> str | bool:
        """One attempt of a step: it heartbeats, and its failure is shown in the row."""
        attempt = Attempt(job.job_id, job.run, job.attempt + activity.info().attempt - 1, job.max_retries)
        async with heartbeating(job.milestone) as milestone:
            try:
                return await step(attempt, milestone)
            except Superseded:
                return False
            except Held:
                raise for_workflow(put_off("The queue is paused"), milestone.percentage, attempt.number) from None
            except asyncio.CancelledError as error:
                raise for_workflow(error, milestone.percentage, attempt.number) from None
            except Exception as error:
                told = ours(error, job.job_id)
                with contextlib.suppress(EnrichmentError):
                    await self._attempts.record_failure(attempt, milestone, told)
                raise for_workflow(told, milestone.percentage, attempt.number) from None
