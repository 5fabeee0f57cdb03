"""One attempt at one job, the same for a job with a workflow of its own and for a child of a bulk."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from pydantic import ValidationError

from activities.heartbeat import Milestone
from activities.watch import LOOK_EVERY_S, Superseded, Watch
from enrichment import outage, queues, waiting
from enrichment.db import Database
from enrichment.enrichers.base import Asker, Enricher, Task
from enrichment.enrichers.rehearsal import RehearsedEnricher
from enrichment.errors import CoolingDown, EnrichmentError, InvalidInput, UnsupportedType
from enrichment.events import ATTEMPT_FAILED, ATTEMPT_LOST, ATTEMPT_PUT_OFF, JOB_SUPERSEDED
from enrichment.jobs import attempts, pauses
from enrichment.jobs.attempts import ENRICHED, STARTED, Work
from enrichment.models import JSON, SINGLE_TYPES, JobType, Options, Progress
from enrichment.results import Recipe
from enrichment.snapshots import ProgressStore
from enrichment.vault import sealing

T = TypeVar("T")

HOLD_AT_MOST_S = 120.0
"""An attempt that finds its queue paused waits so long in its slot, which nobody else may use either; see `Held`."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which attempt at which run of which job; `number` counts from 1 within the run."""

    job_id: str
    run: int
    number: int
    max_retries: int

    @property
    def is_last(self) -> bool:
        return self.number > self.max_retries

    def retry_delay(self, error: EnrichmentError) -> timedelta:
        """How long until the next attempt: what the provider asks for, or else the queue's backoff."""
        return error.retry_after or queues.BACKOFF.delay(self.number)


class Held(Exception):
    """The queue is paused and this attempt has not begun. It does not count: it stands in line again."""


class Attempts:
    """Begins attempts, enriches, and records how they failed."""

    def __init__(self, database: Database, enricher: Enricher, progress: ProgressStore) -> None:
        self._database = database
        self._enricher = enricher
        self._progress = progress

    async def begin(self, attempt: Attempt) -> Work:
        """The row is in progress now, and this is what it asks for. While its queue is paused, this waits.

        Raises:
            Superseded: the row has ended, or is in another run.
            Held: the pause lasts.
        """
        held_until = time.monotonic() + HOLD_AT_MOST_S
        while True:
            work = await attempts.begin(self._database, attempt.job_id, attempt.run, attempt.number)
            if work is not None:
                if work.lost is not None:
                    lost = ATTEMPT_LOST.fields(job_id=attempt.job_id, run=attempt.run, attempt=work.lost)
                    log.warning("An attempt was not heard of any more", extra=lost)
                return work
            if not await pauses.is_held(self._database, attempt.job_id):
                log.info("Nothing to do", extra=JOB_SUPERSEDED.fields(job_id=attempt.job_id, run=attempt.run))
                raise Superseded
            if time.monotonic() > held_until:
                raise Held
            await asyncio.sleep(LOOK_EVERY_S / 2)

    async def enrich(self, attempt: Attempt, work: Work, milestone: Milestone, *, quiet_s: float = 0.0) -> JSON:
        """What the enricher answers, as JSON, sealed like its candidate. Nothing is shown of the first `quiet_s`.

        Raises:
            Superseded: the row was cancelled meanwhile; the work was stopped.
            EnrichmentError: the enricher says why.
        """
        watch = Watch(self._database, self._progress, attempt.job_id, attempt.run, work.milestone)
        milestone.reach(work.milestone)
        options, task = _read(attempt, work)
        enricher = self._enricher
        if options.rehearse is not None:
            enricher = RehearsedEnricher(enricher, options.rehearse, attempt.number)

        loud_at = time.monotonic() + quiet_s

        async def report(percentage: int, stage: str, message: str) -> None:
            if time.monotonic() >= loud_at:
                reached = STARTED + percentage * (ENRICHED - STARTED) // 100
                watch.tell(_progress(attempt, milestone, reached, stage, message))

        if not quiet_s:
            watch.tell(_progress(attempt, milestone, STARTED, "started", "Started"))
        result = await watch.over(enricher.enrich(task, report))
        return sealing.seal_result(work.key, result.model_dump(mode="json", by_alias=True))

    def recipe(self, job_type: JobType) -> Recipe:
        """What results are made with now."""
        return self._enricher.recipe(job_type)

    def show(
        self,
        attempt: Attempt,
        milestone: Milestone,
        stage: str,
        message: str,
        *,
        percentage: int = 0,
        metadata: JSON | None = None,
    ) -> None:
        """Shows what the job does. The row knows already that it is so far."""
        shown = _progress(attempt, milestone, percentage, stage, message, metadata)
        self._progress.tell(attempt.job_id, attempt.run, shown)

    async def record_failure(self, attempt: Attempt, milestone: Milestone, error: EnrichmentError) -> None:
        """Shows why the attempt failed and, where there will be another, when."""
        if isinstance(error, CoolingDown):
            await self._put_off(attempt, milestone, error)
            return
        will_retry = error.retryable and not attempt.is_last
        delay = attempt.retry_delay(error)
        await attempts.fail_attempt(
            self._database,
            attempt.job_id,
            attempt.run,
            error_code=error.code,
            error=error.message,
            retry_in=delay if will_retry else None,
            milestone=milestone.percentage,
        )
        # Not before: while the database is away, an attempt that counts as none comes again and again.
        log.warning(
            "Attempt failed",
            extra=ATTEMPT_FAILED.fields(job_id=attempt.job_id, run=attempt.run, attempt=attempt.number, error=error),
        )
        if will_retry:
            message = f"Retry {attempt.number} of {attempt.max_retries} in {delay.total_seconds():.0f} s: {error.title}"
            self.show(attempt, milestone, "retrying", message)

    async def _put_off(self, attempt: Attempt, milestone: Milestone, error: CoolingDown) -> None:
        """Shows what the job waits for, and how long. It has not failed, and the attempt does not count."""
        said = waiting.PUT_OFF[error.because]
        delay = attempt.retry_delay(error)
        until = await attempts.postpone(
            self._database, attempt.job_id, attempt.run, said, delay, milestone=milestone.percentage
        )
        if until is None:
            return
        log.info("Put off", extra=ATTEMPT_PUT_OFF.fields(job_id=attempt.job_id, run=attempt.run, error=error))
        message = waiting.until(said, until)
        metadata = {"waitingUntil": until.isoformat(timespec="seconds")}
        self.show(attempt, milestone, "waiting", message, metadata=metadata)

    async def until_stored(self, job_id: str, run: int, store: Callable[[], Awaitable[T]]) -> T:
        """The activity goes on heartbeating while the database is away; its own time limit bounds the wait."""
        sentence = "Holding a result until the database answers"
        return await outage.until_stored(store, sentence, job_id=job_id, run=run)


def _progress(
    attempt: Attempt, milestone: Milestone, percentage: int, stage: str, message: str, metadata: JSON | None = None
) -> Progress:
    return Progress(
        percentage=milestone.reach(percentage),
        stage=stage,
        message=message,
        metadata=metadata or {},
        attempt=attempt.number,
    )


def _read(attempt: Attempt, work: Work) -> tuple[Options, Task]:
    """What the row asks for.

    Raises:
        InvalidInput: somebody has changed the row by hand into what no request could have become.
        UnsupportedType: a newer version of the product accepted the job.
    """
    if work.type not in SINGLE_TYPES:
        raise UnsupportedType(f"This worker's version knows no job of the type {work.type!r}")
    try:
        options = Options.model_validate(work.options)
    except ValidationError:
        options = None
    if options is None or options.as_of is None or not isinstance(work.payload, dict):
        raise InvalidInput("The stored request cannot be read any more: submit the candidate again")
    return options, Task(
        JobType(work.type),
        work.payload,
        options.as_of,
        options.locale,
        Asker(
            tenant=work.tenant,
            job_id=attempt.job_id,
            run=attempt.run,
            attempt=attempt.number,
            candidate_id=work.candidate_id,
            parent_id=work.parent_id,
            priority=work.priority,
            max_cost_usd=options.max_cost_usd,
        ),
        refresh=options.refresh,
        allow_rules_fallback=options.allow_rules_fallback,
        is_last_attempt=attempt.is_last,
    )
