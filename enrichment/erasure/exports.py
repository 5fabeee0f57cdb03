"""Everything that is held of a candidate, opened where it is sealed, and otherwise as it is held: each column under its
name, in camelCase as everywhere; what is in it is the candidate's own.
"""

import base64
from datetime import UTC, datetime

from pydantic.alias_generators import to_camel
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
                'format', format, 'run', run, 'created_at', created_at, 'content', encode(content, 'base64')
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
        jobs += [_named(await _opened(database, row.held)) for row in rows]
        if len(rows) < AT_ONCE:
            return Export(candidate_id=candidate_id, exported_at=datetime.now(UTC), jobs=jobs)
        after = rows[-1].id


async def _opened(database: Database, job: JSON) -> JSON:
    """The job's row and its parts, with all that is sealed opened: they have one key."""
    vault = database.vault
    sealed = [(job, "payload"), *((part, "edits") for part in job["reviews"])]
    sealed += [(part, "response") for part in job["responses"]]
    for part in job["documents"]:
        part["content"] = base64.b64decode(part["content"])
        sealed.append((part, "content"))
    opened = await vault.open_all(database, [part[name] for part, name in sealed])
    for (part, name), (content, _) in zip(sealed, opened, strict=True):
        part[name] = content.decode() if isinstance(content, bytes) else content
    job["result"] = (await vault.open_results(database, [job["result"]]))[0][0]
    return job


def _named(job: JSON) -> JSON:
    """The job and its parts by the names that JSON has here."""
    parts = {name: [_camel(part) for part in job[name]] for name in (*_PARTS, "documents")}
    return _camel(job | parts)


def _camel(row: JSON) -> JSON:
    return {to_camel(column): value for column, value in row.items()}
