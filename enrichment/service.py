"""The product as an object: what the API serves over HTTP, and what a Python program calls directly."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Self

from temporalio.client import Client

from enrichment import health, progress, submission, temporal, waiting
from enrichment.actions import records
from enrichment.actions.records import Action, ActionKind
from enrichment.audit import entries
from enrichment.cleanup import Cleanup, clean_up
from enrichment.db import Database
from enrichment.documents import formats
from enrichment.documents.formats import Format
from enrichment.erasure.act import Eraser, Receipt
from enrichment.erasure.exports import Export, export
from enrichment.errors import Conflict, Fault, InvalidInput, NotFound, RateLimited
from enrichment.estimating import Estimator
from enrichment.events import CANCEL_NOT_SIGNALLED, CANCEL_NOT_WHOLE, JOB_ACCEPTED, JOB_CANCELLED
from enrichment.feed import Feed
from enrichment.jobs import batches, documents, intake, pauses, queries, quotas, statistics, transitions
from enrichment.jobs.quotas import Quota
from enrichment.models import JSON, Event, Job, JobRequest, JobStatus, JobType, Progress, ReviewStatus, Submission
from enrichment.progress import ProgressStore
from enrichment.queues import Queue
from enrichment.review.act import review
from enrichment.review.edits import Edit
from enrichment.settings import Settings
from enrichment.spending import ledger
from enrichment.spending.estimates import Estimate
from enrichment.together import Together
from enrichment.upload import Intake, Limits, Upload
from enrichment.wake import Wake
from enrichment.webhooks.registration import endpoint_for

DEFAULT_TENANT = "default"
MOST_UPLOADS = 5
"""At a time: each keeps a connection to the database for as long as its lines take to come; half of them stay free."""
UPLOAD_AGAIN = timedelta(seconds=5)
CANCEL_TIMEOUT_S = 2.0
"""So long a cancel of a bulk waits for its jobs to end too."""
NO_SUCH_JOB = "There is no such job"

log = logging.getLogger(__name__)


class EnrichmentQueue:
    """Submits jobs, follows them and steers them. Connect once per process and close it at the end.

        async with await EnrichmentQueue.connect(settings) as queue:
            accepted = await queue.add_job(Submission(type="skills_optimization", candidate_data=resume))
            async for job in queue.watch(accepted.id): ...

    It speaks for one tenant, `default` at first; `for_tenant` gives the same queue as another one sees it.

    Methods raise errors of `enrichment.errors`; those that are `retryable` may work when called again.
    """

    def __init__(
        self, settings: Settings, database: Database, progress_store: ProgressStore, feed: Feed, client: Client
    ) -> None:
        self._settings = settings
        self._database = database
        self._progress = progress_store
        self._feed = feed
        self._client = client
        self._wake = Wake()
        self._high_water = progress.HighWater()
        self._accepting = Together(self._accept)
        self._reading = Together(self._read)
        self._uploading = asyncio.Semaphore(MOST_UPLOADS)
        self._ending: set[asyncio.Task[None]] = set()
        self._tenant = DEFAULT_TENANT
        """Of every statement; behind the wall, `for_tenant` also names it to the database."""

    @classmethod
    async def connect(cls, settings: Settings, *, application: str = "enrichment", is_walled: bool = False) -> Self:
        """Connects to nothing yet: each component is reached when it is first needed.

        `is_walled`: PostgreSQL itself shows no row of a tenant that `for_tenant` has not named; for who serves others.
        """
        redis = progress.client(settings)
        return cls(
            settings,
            Database.connect(settings, application=application, is_walled=is_walled),
            ProgressStore(redis),
            Feed(redis),
            await temporal.connect(settings, lazy=True),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._wake.close()
        await self._feed.close()
        await asyncio.gather(self._progress.close(), self._database.close())

    @property
    def tenant(self) -> str:
        return self._tenant

    def for_tenant(self, tenant: str) -> Self:
        """This queue as `tenant` sees it. It shares every connection with this one, which alone is to be closed."""
        queue = copy(self)
        queue._tenant = tenant
        queue._database = self._database.for_tenant(tenant)
        return queue

    async def add_job(self, request: Submission, *, idempotency_key: str | None = None) -> intake.Accepted:
        """Accepts a job: when this returns, the job is stored and will reach a terminal state.

        Raises:
            InvalidInput: the submission cannot be accepted, or the key stands for another submission.
            RateLimited: the tenant has too many jobs open, or submitted too many today.
            StorageUnavailable: unknown whether it was accepted; submit again with the same key.
        """
        self._check(request)
        await self._require_quota(len(request.candidates or ()) + 1)
        job = submission.with_candidate(await self._row(request, idempotency_key), request)
        if job.type is not JobType.BULK_CANDIDATE_ENRICHMENT:
            return self._accepted(await self._accepting.ask(self._tenant, job), job, job.request_hash)
        children = _each(submission.children(request))
        accepted = await intake.accept_bulk(self._database, job, _bulk(request), children, lambda: job.request_hash)
        return self._accepted(accepted, job, job.request_hash)

    async def add_bulk(
        self,
        request: JobRequest,
        body: AsyncIterator[bytes],
        *,
        skip_invalid: bool = False,
        idempotency_key: str | None = None,
    ) -> tuple[intake.Accepted, Intake]:
        """Accepts a bulk whose candidates come as NDJSON, in pieces of any size; all of it is stored, or nothing is.

        A line that cannot be used is left out and reported, if `skip_invalid`; else the bulk is refused.

        Raises:
            InvalidInput: a line cannot be used, its number is named; or the key stands for another bulk.
            TooLarge: more than the settings allow.
            RateLimited: the tenant has too many jobs, or others upload at the same time.
            StorageUnavailable: unknown whether it was accepted; send it again with the same key.
        """
        self._check(request)
        await self._require_quota(1)  # how many more they are is known when they have all come
        job = await self._row(request, idempotency_key)
        upload = Upload(
            body, request.options, self._upload_limits(), skip_invalid=skip_invalid, salt=job.request_hash or ""
        )
        hashed = upload.hash if idempotency_key is not None else lambda: None
        if self._uploading.locked():
            raise RateLimited("Other bulks are on their way here; try again in a moment", retry_after=UPLOAD_AGAIN)
        async with self._uploading:
            accepted = await intake.accept_bulk(self._database, job, _bulk(request), upload.children(), hashed)
        return self._accepted(accepted, job, hashed()), upload.intake

    async def estimate_job(self, request: Submission) -> Estimate:
        """What `add_job` would do: it refuses the same, and stores nothing."""
        self._check(request)
        return await Estimator(self._database, self._tenant, self._settings.model).of_job(request)

    async def estimate_bulk(
        self, request: JobRequest, body: AsyncIterator[bytes], *, skip_invalid: bool = False
    ) -> Estimate:
        """What `add_bulk` would do: it refuses the same, and stores nothing."""
        self._check(request)
        upload = Upload(body, request.options, self._upload_limits(), skip_invalid=skip_invalid, salt="")
        return await Estimator(self._database, self._tenant, self._settings.model).of_upload(request, upload)

    def _upload_limits(self) -> Limits:
        return Limits(
            self._settings.max_upload_candidates, self._settings.max_body_bytes, self._settings.max_upload_bytes
        )

    def _accepted(self, accepted: intake.Accepted, job: intake.NewJob, request_hash: str | None) -> intake.Accepted:
        """Tells of a new job; refuses a key that stands for another request."""
        if accepted.is_new:
            self._wake.soon(self._database)
            log.info("Accepted", extra=JOB_ACCEPTED.fields(job_id=accepted.id, kind=job.type, queue=job.queue))
        elif accepted.request_hash != request_hash:
            fault = Fault("/Idempotency-Key", "was used before for another submission: use a new key")
            raise InvalidInput("The idempotency key stands for another submission", (fault,))
        return accepted

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

    async def list_jobs(self, wanted: queries.Filter, *, limit: int = 50, cursor: str | None = None) -> queries.Page:
        """A page of jobs with their progress and without their results, the newest first."""
        page = await queries.page(self._database, self._tenant, wanted, limit=limit, cursor=cursor)
        snapshots = await self._progress.read([job.job_id for job in page.jobs])
        return queries.Page([self._with_progress(job, snapshots) for job in page.jobs], page.next_cursor)

    async def list_events(self, job_id: str) -> list[Event]:
        """Every change of the job's state.

        Raises:
            NotFound: this tenant has no such job.
        """
        await self.get_job_status(job_id)
        return await queries.events(self._database, self._tenant, job_id)

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

    async def list_ended(self, job_id: str, statuses: Sequence[JobStatus]) -> AsyncIterator[batches.Ended]:
        """The jobs of a bulk that ended so, with their results; any number of them.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job is no bulk.
        """
        job = await self.get_job_status(job_id)
        if job.type != JobType.BULK_CANDIDATE_ENRICHMENT:
            raise Conflict("The job is no bulk: its result is in the job itself")
        return batches.ended(self._database, self._tenant, job_id, statuses)

    async def cancel_job(self, job_id: str, *, reason: str = "cancelled by request") -> Job:
        """Cancels the job for good; work that runs stops within 2 s. It needs neither a worker nor Temporal.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job has ended.
        """
        cancelled = await transitions.cancel(self._database, self._tenant, job_id, reason)
        if cancelled is None:
            job = await self.get_job_status(job_id)
            raise Conflict(f"The job is {job.status}: only a pending or running job can be cancelled")
        log.info("Cancelled", extra=JOB_CANCELLED.fields(job_id=job_id, run=cancelled.run))
        await asyncio.gather(
            self._signal_cancel(cancelled, reason),
            self._report_cancelled(cancelled),
            self._cancel_open(cancelled),
        )
        return await self.get_job_status(job_id)

    async def retry_job(self, job_id: str) -> Job:
        """Runs a failed, cancelled or rejected job again, under the same id; of a bulk, what is not completed, also
        where the bulk itself is completed.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job is in another state, or belongs to a bulk that still runs.
        """
        retried = await transitions.retry(self._database, self._tenant, job_id)
        if retried is None:
            job = await self.get_job_status(job_id)
            if job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
                raise Conflict("The job's bulk still runs: retry the job when the bulk has ended")
            if job.review is not None and job.review.status is ReviewStatus.APPROVED:
                raise Conflict("The result is approved: it does not change any more")
            if job.type is JobType.BULK_CANDIDATE_ENRICHMENT and job.status is JobStatus.COMPLETED:
                raise Conflict("All jobs of the bulk are completed: there is nothing to retry")
            raise Conflict(f"The job is {job.status}: only a failed, cancelled or rejected job can be retried")
        self._wake.soon(self._database)
        waiting = Progress(percentage=0, stage=JobStatus.PENDING, message="Waiting for its turn")
        await self._progress.report(job_id, retried.run, waiting)
        return await self.get_job_status(job_id)

    async def export_candidate(self, candidate_id: str) -> Export:
        """All that is held of a candidate."""
        return await export(self._database, self._tenant, candidate_id)

    async def erase_candidate(self, candidate_id: str, *, by: str = "local") -> Receipt:
        """Erases a candidate from every store, open jobs too. Repeating it is harmless.

        Raises:
            StorageUnavailable: a store does not answer; repeat it, to finish what is left.
        """
        eraser = Eraser(self._database, self._progress, self._client, self._tenant)
        return await eraser.erase(candidate_id, by=by)

    async def review_job(self, job_id: str, status: ReviewStatus, edits: Sequence[Edit] = (), *, by: str) -> Job:
        """Approves or rejects the result of a completed job, field by field where `edits` says so.

        An approved result never changes again. A rejected one can be reviewed again, and its job retried.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: there is no result to review, or it is approved, by now.
            InvalidInput: an edit does not fit the result.
        """
        await review(self._database, await self.get_job_status(job_id), status, edits, by)
        return await self.get_job_status(job_id)

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

    async def continue_job(self, job_id: str) -> Job:
        """Lets the candidates behind a bulk's canaries follow.

        Raises:
            NotFound: this tenant has no such job.
            Conflict: the job is no bulk that waits for this.
        """
        run = await batches.approve(self._database, self._tenant, job_id)
        if run is None:
            await self.get_job_status(job_id)
            raise Conflict("The job waits for no approval: only an open bulk with a canary does, and only once")
        await temporal.signal(self._client, job_id, run, "approve")
        return await self.get_job_status(job_id)

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

    async def count_jobs(self, wanted: queries.Filter, *, at_most: int) -> int:
        """How many jobs match; it counts no further than `at_most`."""
        return await queries.count(self._database, self._tenant, wanted, at_most=at_most)

    async def start_action(self, kind: ActionKind, wanted: queries.Filter, total: int) -> Action:
        """Has a worker cancel or retry all jobs that match now, in the background."""
        return await records.add(self._database, self._tenant, kind, wanted, total)

    async def get_action(self, action_id: str) -> Action:
        """Raises NotFound: this tenant has no such bulk action."""
        action = await records.get(self._database, self._tenant, action_id)
        if action is None:
            raise NotFound("There is no such bulk action")
        return action

    async def paused_since(self, queue: Queue) -> datetime | None:
        """Since when the queue is paused; None: it is not."""
        return (await pauses.paused(self._database)).get(queue.task_queue)

    async def pause_queue(self, queue: Queue) -> None:
        """From now on nothing new starts in it, for anybody. What runs is finished, what is accepted waits."""
        await pauses.pause(self._database, queue.task_queue)

    async def resume_queue(self, queue: Queue) -> None:
        await pauses.resume(self._database, queue.task_queue)
        self._wake.soon(self._database)

    async def get_error_groups(self, counted: dict[str, int]) -> list[statistics.ErrorGroup]:
        """The failures of `Stats.errors`, each with its newest job."""
        return await statistics.error_groups(self._database, self._tenant, counted)

    async def get_stats(self) -> statistics.Stats:
        return await statistics.stats(self._database, self._tenant)

    async def get_throughput(self, *, since: timedelta) -> list[statistics.Minute]:
        """What ended in each minute of the last `since`."""
        return await statistics.throughput(self._database, self._tenant, datetime.now(UTC) - since)

    async def get_workers(self) -> list[statistics.Worker]:
        return await statistics.workers(self._database)

    async def check_health(self) -> health.Health:
        """Asks every component; it never raises and never takes longer than a few seconds."""
        return await health.check(self._database, self._progress, self._client, self._tenant)

    async def is_ready(self) -> bool:
        """Whether jobs can be accepted."""
        return await health.is_up(self._database)

    async def cleanup(self, days: int | None = None) -> Cleanup:
        """Deletes what ended more than `days` ago (the settings' retention by default); see `enrichment.cleanup`."""
        age = self._settings.retention if days is None else timedelta(days=days)
        return await clean_up(self._database, self._progress, age)

    async def _accept(self, tenant: str, jobs: Sequence[intake.NewJob]) -> list[intake.Accepted]:
        return await intake.accept_all(self._database.for_tenant(tenant), jobs)

    async def _read(self, tenant: str, job_ids: Sequence[str]) -> list[Job | None]:
        jobs = {job.job_id: job for job in await self.for_tenant(tenant).get_jobs(list(dict.fromkeys(job_ids)))}
        return [jobs.get(job_id) for job_id in job_ids]

    def _check(self, request: JobRequest) -> None:
        """What the settings allow, beyond what the shape itself does."""
        most = self._settings.max_candidates
        if isinstance(request, Submission) and len(request.candidates or ()) > most:
            fault = Fault("/candidates", f"has more than {most} candidates: split the bulk")
            raise InvalidInput("The bulk is too large", (fault,))
        if request.options.rehearse is not None and not self._settings.rehearsal:
            fault = Fault("/options/rehearse", "is allowed only where ENRICHMENT_REHEARSAL is set")
            raise InvalidInput("Rehearsals are switched off", (fault,))

    async def _row(self, request: JobRequest, idempotency_key: str | None) -> intake.NewJob:
        job = submission.row(request, self._tenant, idempotency_key, datetime.now(UTC))
        if request.webhook_url is None:
            return job
        allow_loopback = self._settings.webhook_loopback
        webhook_id = await endpoint_for(
            self._database, self._tenant, request.webhook_url, allow_loopback=allow_loopback
        )
        return replace(job, webhook_id=webhook_id)

    async def _require_quota(self, jobs: int) -> None:
        quota = Quota(self._settings.max_open_jobs, self._settings.max_jobs_per_day)
        await quotas.require(self._database, self._tenant, quota, jobs, datetime.now(UTC))

    def _with_progress(self, job: Job, snapshots: dict[str, progress.Snapshot] | None) -> Job:
        snapshot = (snapshots or {}).get(job.job_id)
        shown = progress.shown(job.status, job.run, snapshot, is_redis_up=snapshots is not None)
        if snapshot is None and job.standing is not None:
            counted = progress.of_bulk(job.standing)
            if job.status.is_terminal:
                shown = shown.model_copy(update={"metadata": counted.metadata})
            else:
                shown = counted.model_copy(update={"degraded": snapshots is None})
        reached = self._high_water.reach(job.job_id, job.run, max(shown.percentage, job.milestone))
        if reached != shown.percentage:
            shown = shown.model_copy(update={"percentage": reached})
        return job.model_copy(update={"progress": shown})

    async def _signal_cancel(self, cancelled: transitions.Changed, reason: str) -> None:
        if not cancelled.is_dispatched or cancelled.batch is not None:
            return
        if not await temporal.signal(self._client, cancelled.id, cancelled.run, "cancel", reason):
            log.warning(
                "Cancelled, but Temporal does not answer: the work stops when the sweeper sees it",
                extra=CANCEL_NOT_SIGNALLED.fields(job_id=cancelled.id, run=cancelled.run),
            )

    async def _cancel_open(self, cancelled: transitions.Changed) -> None:
        """Ends the jobs of a bulk, none of which begins any more. Of very many the last end after the answer."""
        if cancelled.type != JobType.BULK_CANDIDATE_ENRICHMENT:
            return
        ending = asyncio.create_task(batches.cancel_open(self._database, cancelled.id, cancelled.run))
        self._ending.add(ending)
        ending.add_done_callback(self._ended)
        await asyncio.wait({ending}, timeout=CANCEL_TIMEOUT_S)

    def _ended(self, ending: asyncio.Task[None]) -> None:
        self._ending.discard(ending)
        if not ending.cancelled() and ending.exception() is not None:
            log.warning(
                "Cancelled, but not all of its jobs: they end when its workflow or the sweeper sees it",
                extra=CANCEL_NOT_WHOLE.fields(error=ending.exception()),
            )

    async def _report_cancelled(self, cancelled: transitions.Changed) -> None:
        ended = Progress(percentage=0, stage=JobStatus.CANCELLED, message="Cancelled", attempt=cancelled.attempt)
        await self._progress.report(cancelled.id, cancelled.run, ended)


def _bulk(request: JobRequest) -> intake.Bulk:
    return intake.Bulk(request.options.type, request.options.batch_size)


async def _each(children: Iterable[intake.NewChild]) -> AsyncIterator[intake.NewChild]:
    for child in children:
        yield child
