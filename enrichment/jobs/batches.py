"""A bulk's children: what is left of a batch, and what became of all of them. Counted from the rows, always."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB

from enrichment.db import Database
from enrichment.models import JSON, JobStatus


@dataclass(frozen=True, slots=True)
class Child:
    """An open child whose turn has come. `attempt` counts from 1, in this run."""

    id: str
    run: int
    attempt: int
    max_retries: int


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a batch: the children to run now, and when the first of those that wait is due."""

    due: Sequence[Child]
    next_retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A child that has ended. `result` is JSON text."""

    id: str
    candidate_id: str | None
    status: JobStatus
    error_code: str | None
    error: str | None
    result: str | None


_REST = text("""
    SELECT id, run, max_retries, retry_at, retry_at IS NULL OR retry_at <= clock_timestamp() AS is_due,
           CASE WHEN status = 'pending' THEN 1
                WHEN retry_at IS NOT NULL AND error_code IS NULL THEN retry_count - retries_before_run + 1
                ELSE retry_count - retries_before_run + 2 END AS attempt
    FROM enrichment_job
    WHERE parent_id = :parent_id AND batch = :batch AND status IN ('pending', 'in_progress') ORDER BY id
""")
_COUNTS = text("SELECT status, count(*) AS jobs FROM enrichment_job WHERE parent_id = :parent_id GROUP BY status")
_SUMS = text("SELECT enrichment_bulk_sums(:parent_id) AS sums").columns(sums=JSONB)
_RESULTS = text("""
    SELECT id, candidate_id, status, error_code, error, CAST(result AS text) AS result FROM enrichment_job
    WHERE tenant = :tenant AND parent_id = :parent_id AND id > :after
      AND status = ANY(CAST(:statuses AS text[])) ORDER BY id LIMIT :limit
""")
_FAIL_OPEN = text("""
    WITH child AS (
        UPDATE enrichment_job
        SET status = 'failed', completed_at = clock_timestamp(), retry_at = NULL, result = NULL,
            error_code = 'internal', error = 'Its batch ended without it'
        WHERE parent_id = :parent_id AND batch IS NOT NULL AND status IN ('pending', 'in_progress')
        RETURNING id, run, old.status AS was
    )
    INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
    SELECT id, run, was, 'failed', 'internal' FROM child
""")


async def rest(database: Database, parent_id: str, batch: int) -> Rest:
    """The open children of a batch.

    A child that is in progress without waiting for a retry was running when its worker died: that attempt is spent. One
    that waits without an error was put off: that attempt is not.
    """
    rows = (await database.execute(_REST, {"parent_id": parent_id, "batch": batch})).all()
    waiting = [row.retry_at for row in rows if not row.is_due]
    due = [Child(row.id, row.run, row.attempt, row.max_retries) for row in rows if row.is_due]
    return Rest(due, min(waiting, default=None))


async def counts(database: Database, parent_id: str) -> dict[JobStatus, int]:
    """How many children are in each state."""
    counted = dict.fromkeys(JobStatus, 0)
    for row in await database.execute(_COUNTS, {"parent_id": parent_id}):
        counted[JobStatus(row.status)] = row.jobs
    return counted


async def sums(database: Database, parent_id: str) -> JSON:
    """The result of a bulk: `{total, completed, failed, cancelled, failedJobIds, errorGroups}`.

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
        for row in rows:
            yield Ended(row.id, row.candidate_id, JobStatus(row.status), row.error_code, row.error, row.result)
        if len(rows) < at_once:
            return
        after = rows[-1].id


async def fail_open(database: Database, parent_id: str) -> None:
    """Ends the children that no batch will run any more: their bulk is about to end."""
    await database.execute(_FAIL_OPEN, {"parent_id": parent_id})
