"""A bulk's children: what is left of a batch, and what became of all of them. Counted from the rows, always."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from enrichment.db import Database
from enrichment.models import JSON, JobStatus

MOST_NAMED = 1_000
"""So many failed children are named in a bulk's result."""


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


_REST = text("""
    SELECT id, run, max_retries, retry_at, retry_at IS NULL OR retry_at <= clock_timestamp() AS is_due,
           CASE status WHEN 'pending' THEN 1 ELSE retry_count - retries_before_run + 2 END AS attempt
    FROM enrichment_job
    WHERE parent_id = :parent_id AND batch = :batch AND status IN ('pending', 'in_progress') ORDER BY id
""")
_COUNTS = text("SELECT status, count(*) AS jobs FROM enrichment_job WHERE parent_id = :parent_id GROUP BY status")
_ERRORS = text("""
    SELECT error_code, count(*) AS jobs, min(id) AS example FROM enrichment_job
    WHERE parent_id = :parent_id AND status = 'failed' GROUP BY error_code ORDER BY jobs DESC, error_code
""")
_FAILED = text("""
    SELECT id FROM enrichment_job WHERE parent_id = :parent_id AND status = 'failed' ORDER BY id LIMIT :most
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
_RECOUNT = text("""
    UPDATE enrichment_job SET result = CAST(:summary AS jsonb) WHERE id = :parent_id AND status = 'completed'
""")


async def rest(database: Database, parent_id: str, batch: int) -> Rest:
    """The open children of a batch.

    A child that is in progress without waiting for a retry was running when its worker died; that attempt is spent.
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


async def summary(database: Database, parent_id: str) -> JSON:
    """The result of a bulk: `{total, completed, failed, cancelled, failedJobIds, errorGroups}`."""
    counted = await counts(database, parent_id)
    errors = await database.execute(_ERRORS, {"parent_id": parent_id})
    failed = await database.execute(_FAILED, {"parent_id": parent_id, "most": MOST_NAMED})
    return {
        "total": sum(counted.values()),
        "completed": counted[JobStatus.COMPLETED],
        "failed": counted[JobStatus.FAILED],
        "cancelled": counted[JobStatus.CANCELLED],
        "failedJobIds": [row.id for row in failed],
        "errorGroups": [
            {"errorCode": row.error_code, "count": row.jobs, "exampleJobId": row.example} for row in errors
        ],
    }


async def fail_open(database: Database, parent_id: str) -> None:
    """Ends the children that no batch will run any more: their bulk is about to end."""
    await database.execute(_FAIL_OPEN, {"parent_id": parent_id})


async def recount(database: Database, parent_id: str) -> None:
    """Brings the result of a bulk that has ended up to date, after one of its children was retried alone."""
    summed = json.dumps(await summary(database, parent_id))
    await database.execute(_RECOUNT, {"parent_id": parent_id, "summary": summed})
