"""The rendered documents of a job."""

from sqlalchemy import text

from enrichment.db import Database

_STORE = text("""
    INSERT INTO enrichment_document (job_id, format, run, content)
    SELECT id, :format, run, :content FROM enrichment_job WHERE id = :id AND run = :run AND status = 'in_progress'
    ON CONFLICT (job_id, format) DO UPDATE
        SET run = excluded.run, content = excluded.content, created_at = excluded.created_at
    RETURNING job_id
""")
_READ = text("""
    SELECT content FROM enrichment_document AS document JOIN enrichment_job AS job ON job.id = document.job_id
    WHERE job.tenant = :tenant AND document.job_id = :id AND document.format = :format
""")


async def put(database: Database, job_id: str, run: int, format_: str, content: bytes) -> bool:
    """Stores a document, sealed like its candidate, of a run in progress. False: superseded, nothing was stored."""
    parameters = {"id": job_id, "run": run, "format": format_, "content": content}
    return (await database.execute(_STORE, parameters)).first() is not None


async def get(database: Database, tenant: str, job_id: str, format_: str) -> bytes | None:
    """The document; None where there is none of this format."""
    parameters = {"tenant": tenant, "id": job_id, "format": format_}
    content: bytes | None = await database.vault.open(database, (await database.execute(_READ, parameters)).scalar())
    return content
