"""Everything that is held of a candidate, as it is held."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB

from enrichment.db import Database
from enrichment.erasure.records import AT_ONCE
from enrichment.models import JSON, Model


class Export(Model):
    """`jobs` are the rows with all that belongs to them: events, documents, reviews, usage, audit, responses."""

    candidate_id: str
    exported_at: datetime
    jobs: list[JSON]


_OF_JOB = "SELECT coalesce(jsonb_agg(to_jsonb(part)), '[]') FROM {table} AS part WHERE part.job_id = job.id"
_PARTS = {
    "events": "enrichment_event",
    "reviews": "enrichment_review_edits",
    "usage": "enrichment_usage",
    "audit": "enrichment_audit",
    "responses": "enrichment_response",
    "webhooks": "enrichment_delivery",
}
_JOBS = text(f"""
    SELECT job.id, to_jsonb(job) || jsonb_build_object(
        {", ".join(f"'{name}', ({_OF_JOB.format(table=table)})" for name, table in _PARTS.items())},
        'documents', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'format', format, 'run', run, 'created_at', created_at, 'content', convert_from(content, 'UTF8')
            )), '[]') FROM enrichment_document WHERE job_id = job.id AND format = 'md')
    ) AS held
    FROM enrichment_job AS job
    WHERE job.candidate_id = :candidate_id AND job.tenant = :tenant AND job.id > :after ORDER BY job.id LIMIT :limit
""").columns(held=JSONB)  # noqa: S608 all parts are constants


async def export(database: Database, tenant: str, candidate_id: str) -> Export:
    """Empty where nothing is held."""
    jobs: list[JSON] = []
    after = ""
    while True:
        parameters = {"tenant": tenant, "candidate_id": candidate_id, "after": after, "limit": AT_ONCE}
        rows = (await database.execute(_JOBS, parameters)).all()
        jobs += [row.held for row in rows]
        if len(rows) < AT_ONCE:
            return Export(candidate_id=candidate_id, exported_at=datetime.now(UTC), jobs=jobs)
        after = rows[-1].id
