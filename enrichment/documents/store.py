"""From a saved result to stored documents."""

from datetime import UTC, datetime

from enrichment.db import Database
from enrichment.documents import formats
from enrichment.documents.formats import Format
from enrichment.jobs import attempts, documents
from enrichment.models import JobType
from enrichment.vault import sealing


def makes_documents(job_type: str) -> bool:
    return job_type == JobType.COMPETENCE_FILE_GENERATION


async def render(database: Database, job_id: str, run: int) -> bool:
    """Renders the saved competence file of a run and stores the document. False: superseded, nothing was stored."""
    saved, key = await attempts.saved_result(database, job_id, run)
    if saved is None:
        return False
    content = formats.render(saved, Format.MD, datetime.now(UTC))
    return await documents.put(database, job_id, run, Format.MD, sealing.seal_bytes(key, content))
