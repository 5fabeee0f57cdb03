"""A job enters: once its insert is committed, it will reach a terminal state."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from enrichment.db import Database
from enrichment.models import JSON, JobStatus, JobType


@dataclass(frozen=True, slots=True)
class NewJob:
    """A validated job that is not stored yet. `queue` is the Temporal task queue."""

    id: str
    tenant: str
    type: JobType
    priority: int
    queue: str
    max_retries: int
    payload: JSON
    options: JSON
    candidate_id: str | None = None
    run_at: datetime | None = None
    idempotency_key: str | None = None
    request_hash: str | None = None


@dataclass(frozen=True, slots=True)
class NewChild:
    """One candidate of a bulk; everything else is as in its parent. `payload` is JSON text."""

    id: str
    candidate_id: str | None
    payload: str


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a bulk's children have in common beside what they share with it."""

    child_type: JobType
    batch_size: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job that the request stands for: the new one, or the one accepted before under the same key."""

    id: str
    status: JobStatus
    queue: str
    request_hash: str | None
    is_new: bool


_ACCEPT = text("""
    WITH job AS (
        INSERT INTO enrichment_job (id, tenant, candidate_id, type, priority, queue, run_at, payload, options,
                                    max_retries, idempotency_key, request_hash)
        VALUES (:id, :tenant, :candidate_id, :type, :priority, :queue, :run_at, CAST(:payload AS jsonb),
                CAST(:options AS jsonb), :max_retries, :idempotency_key, :request_hash)
        ON CONFLICT (tenant, idempotency_key) DO NOTHING
        RETURNING id
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, to_status) SELECT id, 1, 'pending' FROM job
    )
    SELECT id FROM job
""")
_BY_KEY = text("""
    SELECT id, status, queue, request_hash FROM enrichment_job
    WHERE tenant = :tenant AND idempotency_key = :idempotency_key
""")
_CHILD_EVENTS = """
    INSERT INTO enrichment_event (job_id, run, to_status)
    SELECT id, 1, 'pending' FROM enrichment_job WHERE parent_id = $1
"""
_TOTALS = "UPDATE enrichment_job SET payload = CAST($2 AS jsonb), request_hash = $3 WHERE id = $1"
_CHILD_COLUMNS = (
    "id", "tenant", "candidate_id", "type", "priority", "queue", "payload", "options", "max_retries", "parent_id",
    "batch", "dispatched_at",
)  # fmt: skip
_BULK_TIMEOUT_S = 600.0
"""For each statement of a bulk's intake: an upload is as slow as the line it comes through."""


async def accept(database: Database, job: NewJob) -> Accepted:
    """Stores the job, or finds the one that was accepted under the same key before."""
    inserted = await database.execute(_ACCEPT, _parameters(job))
    return _new(job) if inserted.first() else await _existing(database, job)


async def accept_bulk(
    database: Database, parent: NewJob, bulk: Bulk, children: AsyncIterator[NewChild], hashed: Callable[[], str | None]
) -> Accepted:
    """Stores a bulk and its children in one transaction, the children by COPY, as they come.

    The children count as dispatched: their parent's workflow runs them. `hashed` gives the request's hash once they
    have all come. What `children` raises is raised here, and nothing is stored.
    """
    total, now, options = 0, datetime.now(UTC), json.dumps(parent.options)

    async def records() -> AsyncIterator[tuple[Any, ...]]:
        nonlocal total
        async for child in children:
            yield (
                child.id, parent.tenant, child.candidate_id, bulk.child_type, parent.priority, parent.queue,
                child.payload, options, parent.max_retries, parent.id, total // bulk.batch_size, now,
            )  # fmt: skip
            total += 1

    async with database.transaction() as connection:
        if not (await connection.execute(_ACCEPT, _parameters(parent))).first():
            async for _ in children:
                pass  # to its end: the hash tells whether it is the same request
            return await _existing(database, parent)
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 a connection in a transaction is open
        await driver.copy_records_to_table(
            "enrichment_job", records=records(), columns=_CHILD_COLUMNS, timeout=_BULK_TIMEOUT_S
        )
        await driver.execute(_CHILD_EVENTS, parent.id, timeout=_BULK_TIMEOUT_S)
        totals = json.dumps({"total": total, "batches": -(-total // bulk.batch_size)})
        await driver.execute(_TOTALS, parent.id, totals, hashed())
    return _new(parent)


async def _existing(database: Database, job: NewJob) -> Accepted:
    row = (await database.execute(_BY_KEY, {"tenant": job.tenant, "idempotency_key": job.idempotency_key})).one()
    return Accepted(row.id, JobStatus(row.status), row.queue, row.request_hash, is_new=False)


def _new(job: NewJob) -> Accepted:
    return Accepted(job.id, JobStatus.PENDING, job.queue, job.request_hash, is_new=True)


def _parameters(job: NewJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "tenant": job.tenant,
        "candidate_id": job.candidate_id,
        "type": job.type,
        "priority": job.priority,
        "queue": job.queue,
        "run_at": job.run_at,
        "payload": json.dumps(job.payload),
        "options": json.dumps(job.options),
        "max_retries": job.max_retries,
        "idempotency_key": job.idempotency_key,
        "request_hash": job.request_hash,
    }
