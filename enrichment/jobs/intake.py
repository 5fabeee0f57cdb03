"""A job enters: once its insert is committed, it will reach a terminal state."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrichment.db import Database
from enrichment.jobs.outbox import TELL
from enrichment.models import JSON, JobStatus, JobType, Standing
from enrichment.vault import sealing
from enrichment.vault.sealing import Key


@dataclass(frozen=True, slots=True)
class NewJob:
    """A validated job that is not stored yet. `queue` is the Temporal task queue."""

    id: str
    tenant: str
    type: JobType
    priority: int
    queue: str
    max_retries: int
    payload: JSON | str
    """The candidate's data; a text once it is sealed."""
    options: JSON
    candidate_id: str | None = None
    input_hash: str | None = None
    run_at: datetime | None = None
    idempotency_key: str | None = None
    request_hash: str | None = None
    webhook_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewChild:
    """One candidate of a bulk; everything else is as in its parent. `payload` is JSON text."""

    id: str
    candidate_id: str | None
    payload: str
    input_hash: str | None = None


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


_KEY_LOCK = "hashtextextended(tenant || ' ' || idempotency_key, 0)"
_ACCEPT = text(f"""
    WITH job AS (
        INSERT INTO enrichment_job (id, tenant, candidate_id, type, priority, queue, run_at, payload, options,
                                    max_retries, idempotency_key, request_hash, webhook_id, input_hash)
        SELECT id, tenant, candidate_id, type, priority, queue, run_at, CAST(payload AS jsonb), CAST(options AS jsonb),
               max_retries, idempotency_key, request_hash, webhook_id, input_hash
        FROM unnest(CAST(:id AS text[]), CAST(:tenant AS text[]), CAST(:candidate_id AS text[]), CAST(:type AS text[]),
                    CAST(:priority AS smallint[]), CAST(:queue AS text[]), CAST(:run_at AS timestamptz[]),
                    CAST(:payload AS text[]), CAST(:options AS text[]), CAST(:max_retries AS integer[]),
                    CAST(:idempotency_key AS text[]), CAST(:request_hash AS text[]), CAST(:webhook_id AS text[]),
                    CAST(:input_hash AS text[]))
            AS new (id, tenant, candidate_id, type, priority, queue, run_at, payload, options, max_retries,
                    idempotency_key, request_hash, webhook_id, input_hash)
        WHERE idempotency_key IS NULL OR pg_try_advisory_xact_lock_shared({_KEY_LOCK})
        ON CONFLICT (tenant, idempotency_key) DO NOTHING
        RETURNING id
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, to_status) SELECT id, 1, 'pending' FROM job
    ), told AS ({TELL} FROM job LIMIT 1)
    SELECT id FROM job CROSS JOIN (SELECT count(*) FROM told) AS hint
""")  # noqa: S608 all parts are constants
_HOLD_KEY = text(f"""
    SELECT pg_try_advisory_xact_lock({_KEY_LOCK})
    FROM (SELECT CAST(:tenant AS text), CAST(:idempotency_key AS text)) AS of (tenant, idempotency_key)
""")  # noqa: S608 all parts are constants
"""A bulk comes as slowly as its line lets it, in one transaction: nobody is to wait for its key meanwhile."""
_BY_KEY = text("""
    SELECT id, status, queue, request_hash FROM enrichment_job
    WHERE tenant = :tenant AND idempotency_key = :idempotency_key
""")
_CHILDREN = """
    WITH child AS (
        INSERT INTO enrichment_job (id, candidate_id, payload, input_hash, twin_of, batch, parent_id, tenant, type,
                                    priority, queue, max_retries, options, dispatched_at)
        SELECT id, candidate_id, CAST(payload AS jsonb), input_hash, twin_of, ($6 + position - 1) / $7, $8, $9, $10,
               $11, $12, $13, CAST($14 AS jsonb), now()
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
             WITH ORDINALITY AS child (id, candidate_id, payload, input_hash, twin_of, position)
        RETURNING id
    )
    INSERT INTO enrichment_event (job_id, run, to_status) SELECT id, 1, 'pending' FROM child
"""
_TOTALS = "UPDATE enrichment_job SET payload = CAST($2 AS jsonb), request_hash = $3 WHERE id = $1"
_BULK_TIMEOUT_S = 600.0
"""For each statement of a bulk's intake: an upload is as slow as the line it comes through."""
CHILDREN_AT_ONCE = 500
BYTES_AT_ONCE = 4_000_000
"""What is held of a bulk on its way, whichever comes first."""
_Keys = Mapping[str | None, Key | None]
"""By candidate."""


async def accept_all(database: Database, jobs: Sequence[NewJob]) -> list[Accepted | None]:
    """Stores the jobs, all in one statement, or finds those that were accepted under the same keys before.

    None: a bulk is on its way in under this key, and nobody knows yet whether it will be accepted.

    In the order of their keys: of two such statements with keys in common, one waits for the other, and never both.
    """
    in_order = sorted(await _sealed(database, jobs), key=lambda job: job.idempotency_key or "")
    inserted = {row.id for row in await database.execute(_ACCEPT, _parameters(in_order))}
    return [_new(job) if job.id in inserted else await _existing(database, job) for job in jobs]


async def is_known(database: Database, tenant: str, idempotency_key: str) -> bool:
    """Whether a job was accepted under this key before."""
    found = await database.execute(_BY_KEY, {"tenant": tenant, "idempotency_key": idempotency_key})
    return found.first() is not None


async def accept_bulk(
    database: Database,
    parent: NewJob,
    bulk: Bulk,
    children: Sequence[NewChild] | AsyncIterator[NewChild],
    hashed: Callable[[], str | None],
) -> Accepted | None:
    """Stores a bulk and its children in one transaction, in flat memory, as they come.

    The children count as dispatched: their parent's workflow runs them. `hashed` gives the request's hash once they
    have all come. What `children` raises is raised here, and nothing is stored. Not by COPY: row-level security, which
    the API is bound by, does not allow it. None as in `accept_all`.

    A list takes one connection: were it to ask for the candidates' keys in its transaction, as many bulks as there are
    connections would wait for another one each. A stream has to, for every part, so its caller admits fewer of them
    than that. The transaction's own connection will not do: the others who need one of the keys would wait for its end.
    """
    keys: _Keys | None = None
    if isinstance(children, Sequence):
        keys, children = await _keys_of(database, parent.tenant, children), _each(children)
    total, first_of = 0, dict[str, str]()
    shared = (
        bulk.batch_size, parent.id, parent.tenant, bulk.child_type, parent.priority, parent.queue, parent.max_retries,
        json.dumps(parent.options),
    )  # fmt: skip
    async with database.transaction() as connection:
        if parent.idempotency_key and not (await connection.execute(_HOLD_KEY, _key(parent))).scalar_one():
            return await _existing(connection, parent)
        if not (await connection.execute(_ACCEPT, _parameters([parent]))).first():
            async for _ in children:
                pass  # to its end: the hash tells whether it is the same request
            return await _existing(connection, parent)
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 a connection in a transaction is open
        async for part in _in_parts(children):
            some = _sealed_children(part, keys or await _keys_of(database, parent.tenant, part))
            columns = (
                [child.id for child in some],
                [child.candidate_id for child in some],
                [child.payload for child in some],
                [child.input_hash for child in some],
                [_twin_of(child, first_of) for child in some],
            )
            await driver.execute(_CHILDREN, *columns, total, *shared, timeout=_BULK_TIMEOUT_S)
            total += len(some)
        batches = -(-total // bulk.batch_size)
        standing = Standing.at_first(total, batches).model_dump(mode="json", by_alias=True)
        totals = json.dumps({"total": total, "batches": batches, "standing": standing})
        await driver.execute(_TOTALS, parent.id, totals, hashed())
    return _new(parent)


async def _sealed(database: Database, jobs: Sequence[NewJob]) -> list[NewJob]:
    """With each candidate's data under the candidate's key. Of one that is erased meanwhile nothing can be read.

    Bulks have none: their payload is counts.
    """
    single = {job.candidate_id for job in jobs if job.type is not JobType.BULK_CANDIDATE_ENRICHMENT}
    keys = await database.vault.keys_of(database, jobs[0].tenant, single)
    return [
        replace(job, payload=sealing.seal(key, job.payload), input_hash=sealing.mixed(key, job.input_hash))
        if job.type is not JobType.BULK_CANDIDATE_ENRICHMENT and (key := keys[job.candidate_id])
        else job
        for job in jobs
    ]


async def _keys_of(database: Database, tenant: str, children: Sequence[NewChild]) -> _Keys:
    return await database.vault.keys_of(database, tenant, {child.candidate_id for child in children})


def _sealed_children(children: Sequence[NewChild], keys: _Keys) -> Sequence[NewChild]:
    return [
        replace(
            child,
            payload=json.dumps(sealing.seal(key, json.loads(child.payload))),
            input_hash=sealing.mixed(key, child.input_hash),
        )
        if (key := keys[child.candidate_id])
        else child
        for child in children
    ]


def _twin_of(child: NewChild, first_of: dict[str, str]) -> str | None:
    """The first child with the same hash, if it is another one."""
    first = first_of.setdefault(child.input_hash or child.id, child.id)
    return None if first == child.id else first


async def _each(children: Sequence[NewChild]) -> AsyncIterator[NewChild]:
    for child in children:
        yield child


async def _in_parts(children: AsyncIterator[NewChild]) -> AsyncIterator[list[NewChild]]:
    part, size = list[NewChild](), 0
    async for child in children:
        part.append(child)
        size += len(child.payload)
        if len(part) == CHILDREN_AT_ONCE or size >= BYTES_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


async def _existing(database: Database | AsyncConnection, job: NewJob) -> Accepted | None:
    row = (await database.execute(_BY_KEY, _key(job))).first()
    return row and Accepted(row.id, JobStatus(row.status), row.queue, row.request_hash, is_new=False)


def _key(job: NewJob) -> dict[str, str | None]:
    return {"tenant": job.tenant, "idempotency_key": job.idempotency_key}


def _new(job: NewJob) -> Accepted:
    return Accepted(job.id, JobStatus.PENDING, job.queue, job.request_hash, is_new=True)


def _parameters(jobs: Sequence[NewJob]) -> dict[str, list[Any]]:
    """A column each."""
    return {
        "id": [job.id for job in jobs],
        "tenant": [job.tenant for job in jobs],
        "candidate_id": [job.candidate_id for job in jobs],
        "type": [job.type for job in jobs],
        "priority": [job.priority for job in jobs],
        "queue": [job.queue for job in jobs],
        "run_at": [job.run_at for job in jobs],
        "payload": [json.dumps(job.payload) for job in jobs],
        "options": [json.dumps(job.options) for job in jobs],
        "max_retries": [job.max_retries for job in jobs],
        "idempotency_key": [job.idempotency_key for job in jobs],
        "request_hash": [job.request_hash for job in jobs],
        "webhook_id": [job.webhook_id for job in jobs],
        "input_hash": [job.input_hash for job in jobs],
    }
