"""Jobs are looked at: one, many, live, with all that belongs to them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from enrichment import progress, waiting
from enrichment.audit import entries
from enrichment.documents import formats
from enrichment.documents.formats import Format
from enrichment.errors import Conflict, NotFound
from enrichment.jobs import documents, queries, standings
from enrichment.models import JSON, Event, Job, JobStatus, JobType
from enrichment.service.connected import Connected, Links
from enrichment.snapshots import Snapshot
from enrichment.spending import ledger
from enrichment.together import Together

NO_SUCH_JOB = "There is no such job"


class Reading(Connected):
    def __init__(self, links: Links) -> None:
        super().__init__(links)
        self._high_water = progress.HighWater()
        self._reading = Together(self._read)

    async def get_job_status(self, job_id: str) -> Job:
        """The job with its progress, and its result once it is completed.

        Raises:
            NotFound: this tenant has no such job.
        """
        job = await self._reading.ask(self._tenant, job_id)
        if job is None:
            raise NotFound(NO_SUCH_JOB)
        return job

    async def get_jobs(self, job_ids: Sequence[str]) -> list[Job]:
        """Those of the jobs that this tenant has, each as `get_job_status` gives it."""
        jobs, snapshots = await asyncio.gather(
            queries.get_all(self._database, self._tenant, job_ids), self._progress.read(job_ids)
        )
        return [self._with_progress(job, snapshots) for job in jobs]

    async def watch(self, job_id: str) -> AsyncGenerator[Job, None]:
        """The job now and at each change of its progress; the last one yielded is terminal.

        Raises:
            NotFound: this tenant has no such job, or it was deleted meanwhile.
        """
        seen: tuple[int, JobStatus, int] | None = None
        async with aclosing(self._feed.follow(job_id)) as changes:
            async for _ in changes:
                job = await self.get_job_status(job_id)
                # A guess has the number 0: it is shown when the status is new, and takes back nothing seen before.
                number = job.progress.seq if job.progress else 0
                if seen is None or seen[:2] != (job.run, job.status) or number > seen[2]:
                    yield job
                    seen = (job.run, job.status, number)
                if job.status.is_terminal:
                    return

    async def list_jobs(self, wanted: queries.Filter, *, limit: int = 50, cursor: str | None = None) -> queries.Page:
        """A page of jobs with their progress and without their results, the newest first."""
        page = await queries.page(self._database, self._tenant, wanted, limit=limit, cursor=cursor)
        snapshots = await self._progress.read([job.job_id for job in page.jobs])
        return queries.Page([self._with_progress(job, snapshots) for job in page.jobs], page.next_cursor)

    async def count_jobs(self, wanted: queries.Filter, *, at_most: int) -> int:
        """How many jobs match; it counts no further than `at_most`."""
        return await queries.count(self._database, self._tenant, wanted, at_most=at_most)

    async def list_events(self, job_id: str) -> list[Event]:
        """Every change of the job's state.

        Raises:
            NotFound: this tenant has no such job.
        """
        await self.get_job_status(job_id)
        return await queries.events(self._database, self._tenant, job_id)

    async def list_ended(self, job_id: str, statuses: Sequence[JobStatus]) -> AsyncIterator[standings.Ended]:
        """The jobs of a bulk that ended so, with their results; any number of them.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job is no bulk.
        """
        job = await self.get_job_status(job_id)
        if job.type != JobType.BULK_CANDIDATE_ENRICHMENT:
            raise Conflict("The job is no bulk: its result is in the job itself")
        return standings.ended(self._database, self._tenant, job_id, statuses)

    async def explain(self, jobs: Sequence[Job]) -> list[Job]:
        """The jobs, with why they wait where they do."""
        reasons = await waiting.why(self._database, jobs)
        return [
            job if why is None else job.model_copy(update={"waiting": why})
            for job, why in zip(jobs, reasons, strict=True)
        ]

    async def get_input(self, job_id: str) -> JSON:
        """The candidate's data as it was submitted; of a bulk, how many candidates and batches it has.

        Raises:
            NotFound: this tenant has no such job.
        """
        submitted = await queries.payload(self._database, self._tenant, job_id)
        if submitted is None:
            raise NotFound(NO_SUCH_JOB)
        return submitted

    async def get_document(self, job_id: str, format_: Format) -> bytes:
        """The competence file of a completed job: as it was stored, or else rendered from the result.

        Of an approved job it shows what the reviewer has edited.

        Raises:
            NotFound: this tenant has no such job, or the job makes no document.
            Conflict: the job is not completed.
        """
        job = await self.get_job_status(job_id)
        if job.type is not JobType.COMPETENCE_FILE_GENERATION:
            raise NotFound(f"A {job.type} makes no document")
        if job.result is None or job.completed_at is None:
            raise Conflict(f"The job is {job.status}; its document is there once it is completed")
        stored = await documents.get(self._database, self._tenant, job_id, format_)
        if stored is not None:
            return stored
        return await asyncio.to_thread(formats.render, job.result, format_, job.completed_at)

    async def get_usage(self, job_id: str) -> list[ledger.AttemptUsage]:
        """What each attempt at the job has used of which model; nothing for jobs by rules.

        Raises:
            NotFound: this tenant has no such job.
        """
        await self.get_job_status(job_id)
        return await ledger.by_attempt(self._database, self._tenant, job_id)

    async def get_audit(self, job_id: str) -> list[entries.AuditEntry]:
        """What was done with the job's candidate, by whom and with which model; also when the job is deleted since.

        Raises:
            NotFound: this tenant has no such job, and had none that did anything.
        """
        acts = await entries.of_job(self._database, self._tenant, job_id)
        if not acts:
            await self.get_job_status(job_id)
        return acts

    async def _read(self, tenant: str, job_ids: Sequence[str]) -> list[Job | None]:
        jobs = {job.job_id: job for job in await self.for_tenant(tenant).get_jobs(list(dict.fromkeys(job_ids)))}
        return [jobs.get(job_id) for job_id in job_ids]

    def _with_progress(self, job: Job, snapshots: dict[str, Snapshot] | None) -> Job:
        snapshot = (snapshots or {}).get(job.job_id)
        is_untold = job.status is JobStatus.IN_PROGRESS and job.parent_id is not None and job.milestone == 0
        shown = progress.shown(
            job.status,
            job.run,
            snapshot,
            is_redis_up=snapshots is not None,
            is_untold=is_untold,
            standing=job.standing,
        )
        reached = self._high_water.reach(job.job_id, job.run, max(shown.percentage, job.milestone))
        if reached != shown.percentage:
            shown = shown.model_copy(update={"percentage": reached})
        return job.model_copy(update={"progress": shown})
