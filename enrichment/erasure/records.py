"""The statements of an erasure, each bounded and on an index, and the table of the tombstones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.ids import new_id
from enrichment.models import JSON, JobStatus
from enrichment.tables import Base

AT_ONCE = 200


class ErasureRow(Base):
    """One erasure. `subject` is a keyed hash of the candidate's id: it tells two from each other, and nobody's name."""

    __tablename__ = "enrichment_erasure"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    subject: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    erased: Mapped[JSON] = mapped_column(JSONB)


@dataclass(frozen=True, slots=True)
class Held:
    """A job of the candidate. Each of its `runs` had a workflow of its own, unless it was a run of its parent's."""

    id: str
    runs: int
    status: JobStatus
    parent_id: str | None

    @property
    def first_run_alone(self) -> int:
        """The first run that can have had a workflow of its own: a bulk's job has one when it is retried alone."""
        return 1 if self.parent_id is None else 2


_HELD = text("""
    SELECT id, run, status, parent_id FROM enrichment_job
    WHERE candidate_id = :candidate_id AND tenant = :tenant ORDER BY id LIMIT :limit
""")
_DELETE = text("""
    WITH doomed AS (
        SELECT unnest(CAST(:ids AS text[])) AS id
    ), held AS (
        SELECT (SELECT count(*) FROM enrichment_event WHERE job_id = ANY (CAST(:ids AS text[]))) AS events,
               (SELECT count(*) FROM enrichment_document WHERE job_id = ANY (CAST(:ids AS text[]))) AS documents,
               (SELECT count(*) FROM enrichment_review_edits WHERE job_id = ANY (CAST(:ids AS text[]))) AS reviews,
               (SELECT count(*) FROM enrichment_delivery WHERE job_id = ANY (CAST(:ids AS text[]))) AS webhooks
    ), gone AS (
        DELETE FROM enrichment_job USING doomed, held
        WHERE enrichment_job.id = doomed.id AND enrichment_job.tenant = :tenant
        RETURNING enrichment_job.result IS NOT NULL AS has_result
    )
    SELECT count(*) AS jobs, count(*) FILTER (WHERE has_result) AS results,
           (SELECT events FROM held) AS events, (SELECT documents FROM held) AS documents,
           (SELECT reviews FROM held) AS reviews, (SELECT webhooks FROM held) AS webhooks
    FROM gone
""")
_SUM_AGAIN = text("""
    UPDATE enrichment_job SET result = enrichment_bulk_sums(id)
    WHERE id = ANY (CAST(:ids AS text[])) AND status = 'completed'
""")
_FORGET_ACTIONS = text("""
    DELETE FROM enrichment_action WHERE tenant = :tenant AND filter ->> 'candidate_id' = :candidate_id RETURNING id
""")
_BURY = text("""
    INSERT INTO enrichment_erasure (id, tenant, subject, actor, erased)
    VALUES (:id, :tenant, enrichment_input_hash(jsonb_build_array(CAST(:tenant AS text), CAST(:candidate_id AS text))),
            :actor, CAST(:erased AS jsonb))
    RETURNING id, at
""")


async def held(database: Database, tenant: str, candidate_id: str) -> list[Held]:
    """The next jobs of a candidate, up to `AT_ONCE`, in the order of their ids."""
    parameters = {"tenant": tenant, "candidate_id": candidate_id, "limit": AT_ONCE}
    rows = await database.execute(_HELD, parameters)
    return [Held(row.id, row.run, JobStatus(row.status), row.parent_id) for row in rows]


async def delete(database: Database, tenant: str, job_ids: Sequence[str]) -> dict[str, int]:
    """Deletes these jobs with all that belongs to them; how much there was, by kind."""
    row = (await database.execute(_DELETE, {"tenant": tenant, "ids": list(job_ids)})).one()
    return {str(name): int(value) for name, value in row._mapping.items()}


async def sum_again(database: Database, bulk_ids: Sequence[str]) -> None:
    """Bulks that have ended count their jobs anew: some are not there any more."""
    await database.execute(_SUM_AGAIN, {"ids": list(bulk_ids)})


async def forget_actions(database: Database, tenant: str, candidate_id: str) -> int:
    """Bulk actions that were for this candidate's jobs."""
    found = await database.execute(_FORGET_ACTIONS, {"tenant": tenant, "candidate_id": candidate_id})
    return len(found.all())


async def bury(database: Database, tenant: str, candidate_id: str, actor: str, erased: str) -> tuple[str, datetime]:
    """Writes the tombstone: its id and time. `erased` is JSON text."""
    parameters = {"id": new_id(), "tenant": tenant, "candidate_id": candidate_id, "actor": actor, "erased": erased}
    row = (await database.execute(_BURY, parameters)).one()
    return row.id, row.at
