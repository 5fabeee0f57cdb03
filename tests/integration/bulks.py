"""What became of a bulk's jobs, counted by the tests themselves."""

from collections import Counter

from sqlalchemy import text

from enrichment.db import Database
from enrichment.models import JobStatus

_COUNTS = text("SELECT status, count(*) AS jobs FROM enrichment_job WHERE parent_id = :bulk GROUP BY status")


async def counts(database: Database, bulk: str) -> Counter[JobStatus]:
    """How many of its jobs are in each state."""
    return Counter({JobStatus(row.status): row.jobs for row in await database.execute(_COUNTS, {"bulk": bulk})})
