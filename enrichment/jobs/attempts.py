"""The attempts at a run, within `in_progress`: each begins, reaches milestones, saves, fails or is put off.

An attempt that fails and is not the last, and the next that begins, are events too, from `in_progress` to itself. Each
is one statement guarded by id, run and state: one that finds another run or state changes nothing and says so.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB

from enrichment.db import Database
from enrichment.jobs.transitions import columns
from enrichment.models import JSON
from enrichment.vault.sealing import Key


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt needs of its row."""

    type: str
    """A type of `JobType`, unless a newer version of the product accepted the job."""
    tenant: str
    payload: JSON | None = field(repr=False)
    """None: the candidate was erased while the job was accepted, and nobody can read it any more."""
    options: JSON
    max_retries: int
    has_result: bool
    """An earlier attempt of this run has saved its result: nothing is left to enrich."""
    candidate_id: str | None = None
    parent_id: str | None = None
    priority: int = 5
    key: Key | None = None
    """Under which the candidate is sealed, and what is made of it is to be."""
    milestone: int = 0
    """The percentage that earlier attempts at this run have reached."""
    lost: int | None = None
    """The number of the attempt before, where the row has not heard of its end: neither failed nor put off."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """A run, of a job or of the bulk that it is a job of, in which something that was put off is due now."""

    id: str
    run: int
    up_to: str
    """The last of its jobs that are."""


STARTED, ENRICHED = 5, 90
"""The percentages that are shown of a job from its begin on, and from `save` on. The enricher's own 0-100 lie between
them. Of a bulk it is what of its jobs is done."""

_BEGIN = text("""
    WITH job AS (
        UPDATE enrichment_job
        SET status = 'in_progress', started_at = coalesce(started_at, clock_timestamp()), retry_at = NULL,
            milestone = greatest(milestone, CASE WHEN type <> 'bulk_candidate_enrichment' THEN :started ELSE 0 END),
            retry_count = retries_before_run + :attempt - 1,
            dispatched_at = coalesce(dispatched_at, now()), checked_at = coalesce(checked_at, now())
        WHERE id = :id AND run = :run AND status IN ('pending', 'in_progress')
          AND (type = 'bulk_candidate_enrichment'
               OR NOT EXISTS (SELECT FROM enrichment_queue AS paused
                              WHERE paused.queue = enrichment_job.queue AND paused.paused_at IS NOT NULL))
        RETURNING id, run, old.status AS was, type, tenant, candidate_id, parent_id, priority, payload, options,
                  max_retries, result, milestone,
                  CASE WHEN old.status = 'in_progress' AND old.retry_at IS NULL AND old.retry_count < retry_count
                       THEN old.retry_count - retries_before_run + 1 END AS lost
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, 'in_progress', 'attempt ' || lost || ' was not heard of any more'
        FROM job WHERE was = 'pending' OR :attempt > 1
    )
    SELECT type, tenant, candidate_id, parent_id, priority, payload, options, max_retries,
           result IS NOT NULL AS has_result, milestone, lost
    FROM job
""").columns(payload=JSONB, options=JSONB)


_REACH = text("""
    WITH reached AS (
        UPDATE enrichment_job SET milestone = :milestone
        WHERE id = :id AND run = :run AND status = 'in_progress' AND milestone < :milestone
    )
    SELECT id FROM enrichment_job WHERE id = :id AND run = :run AND status = 'in_progress'
""")


_SAVE = text("""
    WITH job AS (
        UPDATE enrichment_job
        SET result = CAST(:result AS jsonb), provider = :provider, model = :model,
            milestone = greatest(milestone, :enriched),
            input_tokens = coalesce(input_tokens, :input_tokens),
            output_tokens = coalesce(output_tokens, :output_tokens),
            cost_usd = CASE WHEN input_tokens IS NULL THEN CAST(:cost_usd AS double precision) ELSE cost_usd END
        WHERE id = :id AND run = :run AND status = 'in_progress'
        RETURNING id, run
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, 'in_progress', 'in_progress', 'enriched' FROM job
    )
    SELECT id FROM job
""")


_RESULT = text("""
    SELECT result FROM enrichment_job WHERE id = :id AND run = :run AND status = 'in_progress'
""").columns(result=JSONB)


_FAIL_ATTEMPT = text("""
    WITH job AS (
        UPDATE enrichment_job
        SET error_code = :error_code, error = :error, lane = NULL,
            retry_at = clock_timestamp() + CAST(:retry_in AS interval),
            milestone = greatest(milestone, :milestone)
        WHERE id = :id AND run = :run AND status = 'in_progress'
        RETURNING id, run, retry_at
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, 'in_progress', 'in_progress', :error_code FROM job WHERE retry_at IS NOT NULL
    )
    SELECT id FROM job
""")


_POSTPONE = text("""
    UPDATE enrichment_job
    SET error_code = NULL, error = :waiting, retry_at = clock_timestamp() + CAST(:retry_in AS interval), lane = NULL,
        milestone = greatest(milestone, :milestone)
    WHERE id = :id AND run = :run AND status = 'in_progress'
    RETURNING retry_at
""")


_MAKE_DUE = text("""
    WITH due AS (
        UPDATE enrichment_job SET retry_at = clock_timestamp()
        WHERE id = ANY (ARRAY(
            SELECT id FROM enrichment_job
            WHERE status = 'in_progress' AND error = :waiting AND retry_at IS NOT NULL AND id > :after
            ORDER BY id LIMIT :limit
        )) AND status = 'in_progress' AND error = :waiting AND retry_at IS NOT NULL
        RETURNING id, CASE WHEN batch IS NULL THEN id ELSE parent_id END AS run_by
    )
    SELECT job.id, job.run, max(due.id) AS up_to
    FROM due JOIN enrichment_job AS job ON job.id = due.run_by GROUP BY job.id, job.run
""")


async def work(database: Database, rows: Sequence[Any]) -> list[Work]:
    """What a statement that begins attempts returns of each row, with the candidate opened."""
    opened = await database.vault.open_all(database, [row.payload for row in rows])
    return [
        Work(
            row.type,
            row.tenant,
            payload,
            row.options,
            row.max_retries,
            row.has_result,
            row.candidate_id,
            row.parent_id,
            row.priority,
            key,
            row.milestone,
        )
        for row, (payload, key) in zip(rows, opened, strict=True)
    ]


async def begin(database: Database, job_id: str, run: int, attempt: int) -> Work | None:
    """An attempt begins. None: the run is over or another one has begun, or its queue is paused (`pauses.is_held`).

    A bulk itself begins in a paused queue too: it does nothing but wait for its jobs, and they wait.
    """
    rows = (await database.execute(_BEGIN, {"id": job_id, "run": run, "attempt": attempt, "started": STARTED})).all()
    begun = await work(database, rows)
    return replace(begun[0], lost=rows[0].lost) if begun else None


async def reach(database: Database, job_id: str, run: int, milestone: int) -> bool:
    """Keeps how far the run is, if that is farther than it was known to be. False: the run is not in progress."""
    parameters = {"id": job_id, "run": run, "milestone": milestone}
    return (await database.execute(_REACH, parameters)).first() is not None


async def save(database: Database, job_id: str, run: int, result: JSON) -> bool:
    """Keeps what an enrichment answered, sealed like its candidate, before anything else can fail.

    False: superseded, nothing was kept.
    """
    parameters = {"id": job_id, "run": run, "enriched": ENRICHED, **columns(result), "result": json.dumps(result)}
    return (await database.execute(_SAVE, parameters)).first() is not None


async def saved_result(database: Database, job_id: str, run: int) -> tuple[JSON | None, Key | None]:
    """What `save` kept, opened, and its key. None: superseded, or erased."""
    row = (await database.execute(_RESULT, {"id": job_id, "run": run})).first()
    return (await database.vault.open_results(database, [row and row.result]))[0]


async def fail_attempt(
    database: Database,
    job_id: str,
    run: int,
    *,
    error_code: str,
    error: str,
    retry_in: timedelta | None,
    milestone: int,
) -> bool:
    """Shows why the last attempt failed and when the next is due; the state does not change. False: superseded.

    Times are PostgreSQL's, by whose clock they are waited for: a worker's may differ.
    """
    parameters = {"id": job_id, "run": run, "error_code": error_code, "error": error, "retry_in": retry_in}
    return (await database.execute(_FAIL_ATTEMPT, parameters | {"milestone": milestone})).first() is not None


async def postpone(
    database: Database, job_id: str, run: int, waiting: str, retry_in: timedelta, *, milestone: int
) -> datetime | None:
    """Puts an attempt off, says what it waits for, and tells until when; it does not count. None: superseded."""
    parameters = {"id": job_id, "run": run, "waiting": waiting, "retry_in": retry_in, "milestone": milestone}
    until: datetime | None = (await database.execute(_POSTPONE, parameters)).scalar_one_or_none()
    return until


async def make_due(database: Database, waiting: str, after: str, limit: int) -> list[PutOff]:
    """Makes due what `postpone` has put off for this reason, up to `limit` jobs in the order of their ids.

    Answers whose runs are to be told. A job of which nobody was told is found again.
    """
    rows = await database.execute(_MAKE_DUE, {"waiting": waiting, "after": after, "limit": limit})
    return [PutOff(row.id, row.run, row.up_to) for row in rows]
