"""A bulk as a whole: how far it is, what became of its jobs, and whether it goes on. Counted from the rows, always."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB

from enrichment.db import Database
from enrichment.models import JSON, JobStatus, Standing


@dataclass(frozen=True, slots=True)
class Ended:
    """A child that has ended. `result` is JSON text."""

    id: str
    candidate_id: str | None
    status: JobStatus
    error_code: str | None
    error: str | None
    result: str | None


@dataclass(frozen=True, slots=True)
class Canaries:
    """The candidates that run first, as far as they are: `until` is the id of the last of them."""

    until: str
    is_approved: bool


_COUNTS = text("SELECT status, count(*) AS jobs FROM enrichment_job WHERE parent_id = :parent_id GROUP BY status")
_SUMS = text("SELECT enrichment_bulk_sums(:parent_id) AS sums").columns(sums=JSONB)
_RESULTS = text("""
    SELECT id, candidate_id, status, error_code, error, CAST(result AS text) AS result FROM enrichment_job
    WHERE tenant = :tenant AND parent_id = :parent_id AND id > :after
      AND status = ANY(CAST(:statuses AS text[])) ORDER BY id LIMIT :limit
""")
_FAIL_OPEN = text("""
    WITH bulk AS (
        SELECT id FROM enrichment_job
        WHERE id = :parent_id AND run = :run AND status IN ('pending', 'in_progress') FOR UPDATE
    ), child AS (
        UPDATE enrichment_job
        SET status = 'failed', completed_at = clock_timestamp(), retry_at = NULL, lane = NULL, result = NULL,
            error_code = 'internal', error = 'Its bulk ended without it'
        WHERE parent_id = :parent_id AND batch IS NOT NULL AND status IN ('pending', 'in_progress')
          AND EXISTS (SELECT FROM bulk)
        RETURNING id, run, old.status AS was
    )
    INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
    SELECT id, run, was, 'failed', 'internal' FROM child
""")

_TALLY = text("""
    WITH batch AS (
        SELECT batch, count(*) AS total,
               count(*) FILTER (WHERE status = 'pending') AS pending,
               count(*) FILTER (WHERE status = 'in_progress') AS in_progress,
               count(*) FILTER (WHERE status = 'in_progress' AND retry_at IS NULL) AS running,
               count(*) FILTER (WHERE status = 'completed') AS completed,
               count(*) FILTER (WHERE status = 'failed') AS failed,
               count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
               count(*) FILTER (WHERE reused_from IS NOT NULL AND twin_of IS NULL) AS skipped,
               count(*) FILTER (WHERE completed_at > clock_timestamp() - interval '30 seconds') AS lately
        FROM enrichment_job
        WHERE parent_id = (SELECT id FROM enrichment_job WHERE id = :bulk AND run = :run AND status = 'in_progress')
        GROUP BY batch
    ), bulk AS (
        SELECT coalesce(sum(total), 0) AS total, coalesce(sum(pending), 0) AS pending,
               coalesce(sum(in_progress), 0) AS in_progress, coalesce(sum(running), 0) AS running,
               coalesce(sum(completed), 0) AS completed, coalesce(sum(failed), 0) AS failed,
               coalesce(sum(cancelled), 0) AS cancelled, coalesce(sum(skipped), 0) AS skipped,
               coalesce(sum(lately), 0) AS lately,
               count(*) AS batches, count(*) FILTER (WHERE pending + in_progress = 0) AS batches_done
        FROM batch
    ), rated AS (
        SELECT bulk.*, lately / greatest(0.1, least(30, extract(epoch FROM clock_timestamp() - parent.started_at)))
                       AS rate
        FROM bulk, enrichment_job AS parent WHERE parent.id = :bulk
    )
    UPDATE enrichment_job AS parent
    SET payload = payload || jsonb_build_object('standing', jsonb_build_object(
        'total', total, 'done', completed + failed + cancelled, 'pending', pending, 'inProgress', in_progress,
        'running', running, 'completed', completed, 'failed', failed, 'cancelled', cancelled, 'skipped', skipped,
        'ratePerSecond', round(rate, 2),
        'secondsLeft', CASE WHEN rate > 0 THEN ceil((pending + in_progress) / rate) END,
        'batches', jsonb_build_object('total', batches, 'done', batches_done, 'running', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'batch', batch, 'total', total, 'done', completed + failed + cancelled, 'failed', failed)), '[]')
            FROM (SELECT * FROM batch WHERE running > 0 ORDER BY batch LIMIT 20) AS first
        ))
    ))
    FROM rated WHERE parent.id = :bulk AND parent.run = :run AND parent.status = 'in_progress'
    RETURNING payload -> 'standing' AS standing, options -> 'maxFailureRate' AS max_failure_rate
""").columns(standing=JSONB, max_failure_rate=JSONB)
_STOP = text("""
    WITH bulk AS (
        UPDATE enrichment_job
        SET status = 'failed', completed_at = clock_timestamp(), result = NULL, error = :error,
            error_code = (SELECT error_code FROM enrichment_job WHERE parent_id = :bulk AND status = 'failed'
                          GROUP BY error_code ORDER BY count(*) DESC LIMIT 1)
        WHERE id = :bulk AND run = :run AND status = 'in_progress'
        RETURNING id, run, error_code
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, 'in_progress', 'failed', error_code FROM bulk
    )
    SELECT id FROM bulk
""")
_CANCEL_OPEN = text("""
    WITH bulk AS (
        SELECT id, CASE status WHEN 'cancelled' THEN error ELSE 'Its bulk was stopped: too many failed' END AS why
        FROM enrichment_job WHERE id = :bulk AND run = :run AND status IN ('cancelled', 'failed')
    ), open AS (
        SELECT id FROM enrichment_job
        WHERE parent_id = (SELECT id FROM bulk) AND status IN ('pending', 'in_progress') AND batch IS NOT NULL
        LIMIT :at_once FOR UPDATE SKIP LOCKED
    ), child AS (
        UPDATE enrichment_job AS job
        SET status = 'cancelled', completed_at = clock_timestamp(), retry_at = NULL, lane = NULL, error_code = NULL,
            result = NULL, error = (SELECT why FROM bulk)
        FROM open WHERE job.id = open.id
        RETURNING job.id, job.run, old.status AS was, job.error
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, 'cancelled', error FROM child
    )
    SELECT count(*) FROM child
""")
_HAS_OPEN = text("""
    SELECT EXISTS (
        SELECT FROM enrichment_job WHERE status IN ('pending', 'in_progress') AND batch IS NOT NULL AND parent_id = (
            SELECT id FROM enrichment_job WHERE id = :bulk AND run = :run AND status IN ('cancelled', 'failed'))
    )
""")
_REOPEN = text("""
    WITH ended AS (
        SELECT id FROM enrichment_job
        WHERE parent_id = (
                SELECT id FROM enrichment_job WHERE id = :bulk AND run = :run AND status IN ('pending', 'in_progress'))
          AND status IN ('failed', 'cancelled') AND completed_at < (
                SELECT max(at) FROM enrichment_event WHERE job_id = :bulk AND run = :run AND to_status = 'pending')
        LIMIT :at_once FOR UPDATE SKIP LOCKED
    ), child AS (
        UPDATE enrichment_job AS job
        SET run = run + 1, status = 'pending', retry_count = retry_count + 1, retries_before_run = retry_count + 1,
            error = NULL, error_code = NULL, result = NULL, started_at = NULL, completed_at = NULL, retry_at = NULL,
            lane = NULL, claimed_at = NULL, dispatched_at = now(), checked_at = NULL, batch = coalesce(batch, 0),
            milestone = 0, provider = NULL, model = NULL
        FROM ended WHERE job.id = ended.id
        RETURNING job.id, job.run, old.status AS was
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, 'pending', 'retry' FROM child
    )
    SELECT count(*) FROM child
""")
AT_ONCE = 1_000
"""Of a bulk's jobs so many change together: soon done, and nobody who waits for one of them waits for all."""
LOOK_AGAIN_S = 0.05
_CANARIES = text("""
    SELECT CASE WHEN bulk.options ? 'canary' THEN (
               SELECT child.id FROM enrichment_job AS child WHERE child.parent_id = bulk.id
               ORDER BY child.id OFFSET CAST(bulk.options ->> 'canary' AS integer) - 1 LIMIT 1) END AS until,
           bulk.payload ? 'approved' AS is_approved
    FROM enrichment_job AS bulk WHERE bulk.id = :bulk
""")
_JUDGE = text("""
    UPDATE enrichment_job AS bulk SET payload = payload || '{"approved": "auto"}'
    WHERE id = :bulk AND run = :run AND options ->> 'canaryApproval' = 'auto' AND NOT EXISTS (
        SELECT FROM enrichment_job AS child WHERE child.parent_id = bulk.id AND child.id <= :until
          AND (child.status <> 'completed'
               OR coalesce(CAST(child.result #>> '{faithfulness,score}' AS double precision), 0) < 1)
    )
""")
_APPROVE = text("""
    UPDATE enrichment_job SET payload = payload || '{"approved": "manual"}'
    WHERE id = :bulk AND tenant = :tenant AND status IN ('pending', 'in_progress') AND options ? 'canary'
      AND NOT payload ? 'approved'
    RETURNING run
""")


async def counts(database: Database, parent_id: str) -> dict[JobStatus, int]:
    """How many children are in each state."""
    counted = dict.fromkeys(JobStatus, 0)
    for row in await database.execute(_COUNTS, {"parent_id": parent_id}):
        counted[JobStatus(row.status)] = row.jobs
    return counted


async def sums(database: Database, parent_id: str) -> JSON:
    """The result of a bulk: `{total, completed, failed, cancelled, skipped, cost, failedJobIds, errorGroups}`.

    At most 1,000 failed jobs are named. A trigger keeps them right after the bulk has ended.
    """
    summed: JSON = (await database.execute(_SUMS, {"parent_id": parent_id})).scalar_one()
    return summed


async def ended(
    database: Database, tenant: str, parent_id: str, statuses: Sequence[JobStatus], *, at_once: int = 200
) -> AsyncIterator[Ended]:
    """The children in these states, in the order of their ids; read a page at a time, so that memory stays flat."""
    after = ""
    while True:
        parameters = {
            "tenant": tenant,
            "parent_id": parent_id,
            "after": after,
            "statuses": list(statuses),
            "limit": at_once,
        }
        rows = (await database.execute(_RESULTS, parameters)).all()
        for row, result in zip(rows, await _opened(database, [row.result for row in rows]), strict=True):
            yield Ended(row.id, row.candidate_id, JobStatus(row.status), row.error_code, row.error, result)
        if len(rows) < at_once:
            return
        after = rows[-1].id


async def _opened(database: Database, results: Sequence[str | None]) -> Sequence[str | None]:
    """Results as JSON text, as they come where none of them is sealed: there may be 100,000."""
    if not database.vault.is_sealing:
        return results
    read = [None if result is None else json.loads(result) for result in results]
    opened = await database.vault.open_results(database, read)
    return [None if result is None else json.dumps(result) for result, _ in opened]


async def fail_open(database: Database, parent_id: str, run: int) -> None:
    """Ends the children that no lane will run any more: their bulk is about to end. One that was cancelled ends its own
    in another way: its lanes may have seen that before its workflow hears of it.
    """
    await database.execute(_FAIL_OPEN, {"parent_id": parent_id, "run": run})


async def tally(database: Database, bulk: str, run: int) -> tuple[Standing, float | None] | None:
    """Counts the jobs of a bulk, and keeps that in its row; with the rate of failures that stops it, if there is one.

    None: the run is over. The rate is that of the last 30 seconds. It reads every child: not to be called at each turn.
    All is zero where every candidate has been erased.
    """
    row = (await database.execute(_TALLY, {"bulk": bulk, "run": run})).first()
    return None if row is None else (Standing.model_validate(row.standing), row.max_failure_rate)


async def stop(database: Database, bulk: str, run: int, why: str) -> bool:
    """Fails a bulk with the code that most of its failures have; `cancel_open` is to follow. False: it had ended."""
    return (await database.execute(_STOP, {"bulk": bulk, "run": run, "error": why})).first() is not None


async def cancel_open(database: Database, bulk: str, run: int) -> None:
    """Cancels what is open of the jobs of a bulk that was cancelled or stopped; does nothing once it is retried.

    It takes those that nobody holds, and comes again for the others: a lane may be writing how they ended.
    """
    while True:
        parameters = {"bulk": bulk, "run": run}
        if (await database.execute(_CANCEL_OPEN, parameters | {"at_once": AT_ONCE})).scalar_one():
            continue
        if not (await database.execute(_HAS_OPEN, parameters)).scalar_one():
            return
        await asyncio.sleep(LOOK_AGAIN_S)


async def reopen(database: Database, bulk: str, run: int) -> None:
    """Makes pending again what had failed or was cancelled before this run of the bulk was asked for."""
    parameters = {"bulk": bulk, "run": run, "at_once": AT_ONCE}
    while (await database.execute(_REOPEN, parameters)).scalar_one():
        pass


async def canaries(database: Database, bulk: str) -> Canaries | None:
    """None: the bulk has no canaries, or no other candidates."""
    row = (await database.execute(_CANARIES, {"bulk": bulk})).one()
    return None if row.until is None else Canaries(row.until, row.is_approved)


async def judge(database: Database, bulk: str, run: int, until: str) -> None:
    """Approves a bulk all of whose canaries are completed and faithful, unless a person wants to decide."""
    await database.execute(_JUDGE, {"bulk": bulk, "run": run, "until": until})


async def approve(database: Database, tenant: str, bulk: str) -> int | None:
    """A person lets the other candidates follow; its run. None: there is no bulk that waits for that."""
    run: int | None = (await database.execute(_APPROVE, {"bulk": bulk, "tenant": tenant})).scalar()
    return run
