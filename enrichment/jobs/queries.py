"""Reading jobs: one, a page, the events of one. Every query carries the tenant and follows an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Select, Text, any_, bindparam, case, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from enrichment import ids
from enrichment.db import Database
from enrichment.jobs.batches import HELD_BEHIND
from enrichment.jobs.lanes import LAST
from enrichment.models import (
    JOB_TYPES,
    JSON,
    OPEN,
    Event,
    Job,
    JobStatus,
    JobType,
    JobUsage,
    Review,
    ReviewedField,
    ReviewStatus,
    Standing,
)
from enrichment.review.reviews import EditsRow
from enrichment.tables import EventRow, JobRow
from enrichment.unchanged import Unchanged


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None leaves it open."""

    status: JobStatus | None = None
    type: JobType | None = None
    priority: int | None = None
    queue: str | None = None
    candidate_id: str | None = None
    parent_id: str | None = None
    error_code: str | None = None
    id_begins: str | None = None
    """The first characters of the id, hyphens included."""
    statuses: tuple[JobStatus, ...] = ()
    """Any of these; empty leaves it open."""
    ids: tuple[str, ...] = ()
    """Any of these; empty leaves it open."""
    without_children: bool = False
    """Leaves out the jobs of bulks."""


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs, the newest first; `next_cursor` opens the page after it, None at the end."""

    jobs: Sequence[Job]
    next_cursor: str | None


_SUMMARY = (
    JobRow.id, JobRow.run, JobRow.tenant, JobRow.candidate_id, JobRow.type, JobRow.status, JobRow.priority,
    JobRow.queue, JobRow.error, JobRow.error_code, JobRow.retry_count, JobRow.max_retries, JobRow.retry_at,
    JobRow.milestone, JobRow.parent_id, JobRow.reused_from, JobRow.created_at, JobRow.run_at, JobRow.started_at,
    JobRow.completed_at, JobRow.provider,
    JobRow.model, JobRow.review, JobRow.reviewed_at, JobRow.reviewed_by,
    JobRow.input_tokens, JobRow.output_tokens, JobRow.cost_usd,
    case((JobRow.type == JobType.BULK_CANDIDATE_ENRICHMENT, JobRow.payload["standing"])).label("standing"),
)  # fmt: skip
_EDITS = (
    select(EditsRow.edits).where(EditsRow.job_id == JobRow.id, EditsRow.run == JobRow.run).scalar_subquery()
)  # fmt: skip
_FINAL = case((JobRow.status == JobStatus.COMPLETED, JobRow.result))
_GET = select(*_SUMMARY, _FINAL.label("result"), _EDITS.label("edits")).where(
    JobRow.tenant == bindparam("tenant"), JobRow.id == any_(bindparam("job_ids", type_=ARRAY(Text)))
)
"""Made once: SQLAlchemy matches the columns of a new statement to those it has compiled at every call."""


_PAYLOAD = text("""
    SELECT CASE type WHEN 'bulk_candidate_enrichment' THEN payload - 'standing' ELSE payload END AS payload
    FROM enrichment_job WHERE tenant = :tenant AND id = :job_id
""").columns(payload=JSONB)
"""A bulk keeps how far it is beside what it was given, which is how many candidates and batches."""
_IN_LINE = """
    SELECT 1 FROM enrichment_job
    WHERE tenant = :tenant AND queue = :queue AND status = 'pending' AND batch IS NULL
      AND (run_at IS NULL OR run_at <= now()) AND type <> 'bulk_candidate_enrichment'
"""
_AHEAD = text(f"""
    WITH bulk AS MATERIALIZED (
        SELECT id, CASE WHEN priority > :priority THEN '{LAST}' ELSE :job_id END AS before,
               coalesce({HELD_BEHIND}, '{LAST}') AS up_to
        FROM enrichment_job AS bulk
        WHERE tenant = :tenant AND queue = :queue AND type = 'bulk_candidate_enrichment'
          AND status IN ('pending', 'in_progress') AND priority >= :priority AND (run_at IS NULL OR run_at <= now())
    )
    SELECT count(*) FROM (
        ({_IN_LINE} AND priority > :priority LIMIT :at_most)
        UNION ALL
        ({_IN_LINE} AND priority = :priority AND id < :job_id LIMIT :at_most)
        UNION ALL
        (SELECT 1 FROM bulk CROSS JOIN LATERAL (
            SELECT FROM enrichment_job
            WHERE parent_id = bulk.id AND status = 'pending' AND batch IS NOT NULL AND id < before AND id <= up_to
            LIMIT :at_most
         ) AS child LIMIT :at_most)
        LIMIT :at_most
    ) AS ahead
""")  # noqa: S608 all parts are constants
"""Jobs of bulks are counted by their bulks, so that those which are held, however many, are not even looked at."""


async def get(database: Database, tenant: str, job_id: str) -> Job | None:
    """The job with its result. A result that is saved but not final is not shown."""
    return next(iter(await get_all(database, tenant, [job_id])), None)


async def get_all(database: Database, tenant: str, job_ids: Sequence[str]) -> list[Job]:
    """Those of the jobs that there are, in any order, each as `get` shows it."""
    rows = (await database.execute(_GET, {"tenant": tenant, "job_ids": list(job_ids)})).all()
    results = await database.vault.open_results(database, [row.result for row in rows])
    edits = await database.vault.open_all(database, [row.edits for row in rows])
    return [
        _open_jobs.of(row.id, row) if row.status in OPEN else _job(row, result, edited)
        for row, (result, _), (edited, _) in zip(rows, results, edits, strict=True)
    ]


async def statuses(database: Database, job_ids: Sequence[str]) -> dict[str, JobStatus]:
    """The states of several jobs in one query; a job that is gone is left out."""
    rows = await database.execute(select(JobRow.id, JobRow.status).where(JobRow.id.in_(job_ids)))
    return {row.id: JobStatus(row.status) for row in rows}


async def page(database: Database, tenant: str, wanted: Filter, *, limit: int, cursor: str | None) -> Page:
    """A page of at most `limit` jobs without their results. `cursor` is the `next_cursor` of the page before."""
    statement = _narrow(select(*_SUMMARY), tenant, wanted)
    if cursor is not None:
        statement = statement.where(JobRow.id < cursor)
    rows = (await database.execute(statement.order_by(JobRow.id.desc()).limit(limit + 1))).all()
    jobs = [_job(row) for row in rows[:limit]]
    return Page(jobs, jobs[-1].job_id if len(rows) > limit else None)


async def matching(database: Database, tenant: str, wanted: Filter, *, limit: int, before: str) -> list[str]:
    """Ids of jobs, the newest first, all lower than `before`."""
    statement = _narrow(select(JobRow.id), tenant, wanted).where(JobRow.id < before)
    return list((await database.execute(statement.order_by(JobRow.id.desc()).limit(limit))).scalars())


async def count(database: Database, tenant: str, wanted: Filter, *, at_most: int) -> int:
    """How many jobs there are; it counts no further than `at_most`."""
    some = _narrow(select(JobRow.id), tenant, wanted).order_by(JobRow.id.desc()).limit(at_most).subquery()
    return int((await database.execute(select(func.count()).select_from(some))).scalar_one())


async def payload(database: Database, tenant: str, job_id: str) -> JSON | None:
    """The candidate's data as it was submitted; None: there is no such job, or the candidate was erased."""
    row = (await database.execute(_PAYLOAD, {"tenant": tenant, "job_id": job_id})).first()
    payload: JSON | None = await database.vault.open(database, row and row.payload)
    return payload


async def ahead(database: Database, tenant: str, job: Job, *, at_most: int) -> int:
    """How many jobs wait in this one's queue and run before it: those of a higher priority, and of the same priority
    the older ones; it counts no further than `at_most`.

    Jobs that wait for something else, a time or an approval, are not in line.
    """
    place = {"queue": job.queue, "priority": job.priority, "job_id": job.job_id}
    parameters = {"tenant": tenant, "at_most": at_most, **place}
    return int((await database.execute(_AHEAD, parameters)).scalar_one())


async def events(database: Database, tenant: str, job_id: str) -> list[Event]:
    """Every change of the job's state, the oldest first."""
    of_job = select(EventRow).join(JobRow, JobRow.id == EventRow.job_id)
    statement = of_job.where(JobRow.tenant == tenant, EventRow.job_id == job_id).order_by(EventRow.id)
    rows = await database.execute(statement)
    return [
        Event(
            run=row.run,
            from_status=row.from_status and JobStatus(row.from_status),
            to_status=JobStatus(row.to_status),
            at=row.at,
            reason=row.reason,
        )
        for row in rows
    ]


def _narrow(statement: Select[*tuple[Any, ...]], tenant: str, wanted: Filter) -> Select[*tuple[Any, ...]]:
    statement = statement.where(JobRow.tenant == tenant)
    conditions = {
        JobRow.status: wanted.status,
        JobRow.type: wanted.type,
        JobRow.queue: wanted.queue,
        JobRow.priority: wanted.priority,
        JobRow.candidate_id: wanted.candidate_id,
        JobRow.parent_id: wanted.parent_id,
        JobRow.error_code: wanted.error_code,
    }
    statement = statement.where(*(column == value for column, value in conditions.items() if value is not None))
    if wanted.statuses:
        statement = statement.where(JobRow.status.in_(wanted.statuses))
    if wanted.ids:
        statement = statement.where(JobRow.id.in_(wanted.ids))
    if wanted.error_code is not None:
        statement = statement.where(text("status = 'failed'"))  # as text: the planner has to see the index's condition
    if wanted.id_begins is not None:
        statement = statement.where(JobRow.id.between(*ids.beginning_with(wanted.id_begins)))
    return statement.where(JobRow.parent_id.is_(None)) if wanted.without_children else statement


def _job(row: Any, result: dict[str, Any] | None = None, edits: Sequence[JSON] | None = None) -> Job:
    return Job(
        job_id=row.id,
        run=row.run,
        tenant=row.tenant,
        candidate_id=row.candidate_id,
        type=JobType(row.type) if row.type in JOB_TYPES else row.type,
        status=JobStatus(row.status),
        priority=row.priority,
        queue=row.queue,
        result=result,
        review=_review(row, edits or ()),
        error=row.error,
        error_code=row.error_code,
        retry_count=row.retry_count,
        max_retries=row.max_retries,
        retry_at=row.retry_at,
        milestone=row.milestone,
        parent_id=row.parent_id,
        reused_from=row.reused_from,
        standing=None if row.standing is None else Standing.model_validate(row.standing),
        created_at=row.created_at,
        run_at=row.run_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        provider=row.provider,
        model=row.model,
        usage=_usage(row),
    )


_open_jobs = Unchanged(_job)
"""Not of those that have ended: no result stays here."""


def _usage(row: Any) -> JobUsage | None:
    if row.input_tokens is None:
        return None
    return JobUsage(input_tokens=row.input_tokens, output_tokens=row.output_tokens, cost_usd=row.cost_usd)


def _review(row: Any, edits: Sequence[JSON]) -> Review | None:
    if row.status != JobStatus.COMPLETED or row.type == JobType.BULK_CANDIDATE_ENRICHMENT:
        return None
    if row.review is None:
        return Review(status=ReviewStatus.DRAFT)
    return Review(
        status=ReviewStatus(row.review),
        reviewed_at=row.reviewed_at,
        reviewed_by=row.reviewed_by,
        edits=tuple(ReviewedField.model_validate(edit) for edit in edits),
    )
