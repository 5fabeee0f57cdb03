"""Jobs come in: checked, counted against what the tenant may have, stored."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from enrichment import submission
from enrichment.errors import Fault, InvalidInput, RateLimited
from enrichment.estimating import Estimator
from enrichment.events import JOB_ACCEPTED
from enrichment.jobs import intake, quotas
from enrichment.jobs.quotas import Quota
from enrichment.models import JobRequest, JobType, Submission
from enrichment.service.connected import Connected, Links
from enrichment.spending.estimates import Estimate
from enrichment.together import Together
from enrichment.upload import Intake, Limits, Upload
from enrichment.webhooks import registration
from enrichment.webhooks.lookups import Lookups

MOST_UPLOADS = 5
"""At a time: each keeps a connection to the database for as long as its lines take to come, and now and then asks for a
second one; half of them stay free."""
UPLOAD_AGAIN = timedelta(seconds=5)

log = logging.getLogger(__name__)


class Submitting(Connected):
    def __init__(self, links: Links) -> None:
        super().__init__(links)
        self._accepting = Together(self._accept)
        self._lookups = Lookups()
        self._uploading = asyncio.Semaphore(MOST_UPLOADS)

    async def add_job(self, request: Submission, *, idempotency_key: str | None = None) -> intake.Accepted:
        """Accepts a job: when this returns, the job is stored and will reach a terminal state.

        Raises:
            InvalidInput: the submission cannot be accepted, or the key stands for another submission.
            RateLimited: the tenant has too many jobs open, or submitted too many today; a bulk has the same key.
            StorageUnavailable: unknown whether it was accepted; submit again with the same key.
        """
        self._check(request)
        await self._require_quota(len(request.candidates or ()) + 1, idempotency_key)
        job = await self._row(request, idempotency_key)
        if job.type is not JobType.BULK_CANDIDATE_ENRICHMENT:
            return self._accepted(await self._accepting.ask(self._tenant, job), job, job.request_hash)
        children = submission.children(request)
        accepted = await intake.accept_bulk(self._database, job, _bulk(request), children, lambda: job.request_hash)
        return self._accepted(accepted, job, job.request_hash)

    async def add_bulk(
        self,
        request: JobRequest,
        body: AsyncIterator[bytes],
        *,
        skip_invalid: bool = False,
        is_array: bool = False,
        idempotency_key: str | None = None,
    ) -> tuple[intake.Accepted, Intake]:
        """Accepts a bulk whose candidates come as NDJSON, in pieces of any size; all of it is stored, or nothing is.

        A line that cannot be used is left out and reported, if `skip_invalid`; else the bulk is refused. `is_array`
        says that the lines were an array, and are called by their place there.

        Raises:
            InvalidInput: a line cannot be used, its number is named; or the key stands for another bulk.
            TooLarge: more than the settings allow.
            RateLimited: the tenant has too many jobs, or others upload at the same time, or under the same key.
            StorageUnavailable: unknown whether it was accepted; send it again with the same key.
        """
        self._check(request)
        await self._require_quota(1, idempotency_key)  # how many more they are is known when they have all come
        job = await self._row(request, idempotency_key)
        upload = Upload(
            body,
            request.options,
            self._upload_limits(),
            skip_invalid=skip_invalid,
            salt=job.request_hash or "",
            is_array=is_array,
        )
        hashed = upload.hash if idempotency_key is not None else lambda: None
        if self._uploading.locked():
            raise RateLimited("Other bulks are on their way here; try again in a moment", retry_after=UPLOAD_AGAIN)
        async with self._uploading:
            accepted = await intake.accept_bulk(self._database, job, _bulk(request), upload.children(), hashed)
        return self._accepted(accepted, job, hashed()), upload.intake

    async def estimate_job(self, request: Submission) -> Estimate:
        """What `add_job` would do: it refuses the same, and stores nothing."""
        await self._refuse(request, len(request.candidates or ()) + 1)
        return await Estimator(self._database, self._tenant, self._settings.model).of_job(request)

    async def estimate_bulk(
        self, request: JobRequest, body: AsyncIterator[bytes], *, skip_invalid: bool = False, is_array: bool = False
    ) -> Estimate:
        """What `add_bulk` would do: it refuses the same, and stores nothing."""
        await self._refuse(request, 1)
        upload = Upload(
            body, request.options, self._upload_limits(), skip_invalid=skip_invalid, salt="", is_array=is_array
        )
        return await Estimator(self._database, self._tenant, self._settings.model).of_upload(request, upload)

    async def _refuse(self, request: JobRequest, jobs: int) -> None:
        """What a submission is refused for before its candidates are read."""
        self._check(request)
        await self._require_quota(jobs, None)
        if request.webhook_url is not None:
            await registration.check(
                self._database,
                self._tenant,
                request.webhook_url,
                self._lookups,
                allow_loopback=self._settings.webhook_loopback,
            )

    def _check(self, request: JobRequest) -> None:
        """What the settings allow, beyond what the shape itself does."""
        most = self._settings.max_candidates
        if isinstance(request, Submission) and len(request.candidates or ()) > most:
            fault = Fault("/candidates", f"has more than {most} candidates: split the bulk")
            raise InvalidInput("The bulk is too large", (fault,))
        if request.options.rehearse is not None and not self._settings.rehearsal:
            fault = Fault("/options/rehearse", "is allowed only where ENRICHMENT_REHEARSAL is set")
            raise InvalidInput("Rehearsals are switched off", (fault,))

    async def _require_quota(self, jobs: int, idempotency_key: str | None) -> None:
        """A request that is repeated has used its part of the quota already."""
        quota = Quota(self._settings.max_open_jobs, self._settings.max_jobs_per_day)
        try:
            await quotas.require(self._database, self._tenant, quota, jobs, datetime.now(UTC))
        except RateLimited:
            if idempotency_key is None or not await intake.is_known(self._database, self._tenant, idempotency_key):
                raise

    async def _row(self, request: JobRequest, idempotency_key: str | None) -> intake.NewJob:
        job = submission.row(request, self._tenant, idempotency_key, datetime.now(UTC))
        if request.webhook_url is None:
            return job
        allow_loopback = self._settings.webhook_loopback
        webhook_id = await registration.endpoint_for(
            self._database, self._tenant, request.webhook_url, self._lookups, allow_loopback=allow_loopback
        )
        return replace(job, webhook_id=webhook_id)

    def _upload_limits(self) -> Limits:
        return Limits(
            self._settings.max_upload_candidates, self._settings.max_body_bytes, self._settings.max_upload_bytes
        )

    async def _accept(self, tenant: str, jobs: Sequence[intake.NewJob]) -> list[intake.Accepted | None]:
        return await intake.accept_all(self._database.for_tenant(tenant), jobs)

    def _accepted(
        self, accepted: intake.Accepted | None, job: intake.NewJob, request_hash: str | None
    ) -> intake.Accepted:
        """Tells of a new job; refuses a key that stands for another request, or for a bulk that is on its way in."""
        if accepted is None:
            raise RateLimited("A bulk with this idempotency key is on its way here", retry_after=UPLOAD_AGAIN)
        if accepted.is_new:
            log.info("Accepted", extra=JOB_ACCEPTED.fields(job_id=accepted.id, kind=job.type, queue=job.queue))
        elif accepted.request_hash != request_hash:
            fault = Fault("/Idempotency-Key", "was used before for another submission: use a new key")
            raise InvalidInput("The idempotency key stands for another submission", (fault,))
        return accepted


def _bulk(request: JobRequest) -> intake.Bulk:
    return intake.Bulk(request.options.type, request.options.batch_size)
