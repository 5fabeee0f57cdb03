"""How far a bulk is, and what became of its jobs. Counted from the rows, always."""

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


_SUMS = text("SELECT enrichment_bulk_sums(:parent_id) AS sums").columns(sums=JSONB)
_RESULTS = text("""
    SELECT id, candidate_id, status, error_code, error, CAST(result AS text) AS result FROM enrichment_job
    WHERE tenant = :tenant AND parent_id = :parent_id AND id > :after
      AND status = ANY(CAST(:statuses AS text[])) ORDER BY id LIMIT :limit
""")
_COUNT = """
    WITH batch AS (
        SELECT batch, count(*) AS total,
               count(*) FILTER (WHERE status = 'pending') AS pending,
               count(*) FILTER (WHERE status = 'in_progress') AS in_progress,
               count(*) FILTER (WHERE status = 'in_progress' AND retry_at IS NULL) AS running,
               count(*) FILTER (WHERE status = 'completed') AS completed,
               count(*) FILTER (WHERE status = 'failed') AS failed,
               count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
               count(*) FILTER (WHERE reused_from IS NOT NULL AND twin_of IS NULL) AS skipped,
               count(*) FILTER (WHERE status <> 'cancelled'
                                      AND completed_at > clock_timestamp() - interval '30 seconds') AS lately
        FROM enrichment_job
        WHERE parent_id = (SELECT id FROM enrichment_job WHERE id = :bulk AND run = :run AND {which})
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
    FROM rated WHERE parent.id = :bulk AND parent.run = :run AND {which}
    RETURNING payload -> 'standing' AS standing, options -> 'maxFailureRate' AS max_failure_rate
"""
_TALLY = text(_COUNT.format(which="status = 'in_progress'")).columns(standing=JSONB, max_failure_rate=JSONB)
_TALLY_LAST = text(
    _COUNT.format(
        which="""status IN ('cancelled', 'failed')
             AND (payload #> '{standing,pending}' IS DISTINCT FROM '0'
                  OR payload #> '{standing,inProgress}' IS DISTINCT FROM '0')"""
    )
)


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


async def tally(database: Database, bulk: str, run: int) -> tuple[Standing, float | None] | None:
    """Counts the jobs of a bulk, and keeps that in its row; with the rate of failures that stops it, if there is one.

    None: the run is over. The rate is that of the last 30 seconds. It reads every child: not to be called at each turn.
    All is zero where every candidate has been erased.
    """
    row = (await database.execute(_TALLY, {"bulk": bulk, "run": run})).first()
    return None if row is None else (Standing.model_validate(row.standing), row.max_failure_rate)


async def tally_last(database: Database, bulk: str, run: int) -> None:
    """Keeps in the row of a bulk that was cancelled or stopped what became of its jobs, once all of them have ended.

    Only where the row does not say so yet: several who end a bulk come by.
    """
    await database.execute(_TALLY_LAST, {"bulk": bulk, "run": run})
