"""The reviews. The job's row says how its result stands; the edits of each run are kept beside it, and go with it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.models import JSON, Model, ReviewedField, ReviewStatus, Verdict
from enrichment.tables import Base
from enrichment.vault import sealing


class EditsRow(Base):
    """What the reviewer of a run said of single fields: candidates' data, like the result itself."""

    __tablename__ = "enrichment_review_edits"

    job_id: Mapped[str] = mapped_column(ForeignKey("enrichment_job.id", ondelete="CASCADE"), primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    edits: Mapped[list[JSON]] = mapped_column(JSONB)
    changed: Mapped[int] = mapped_column(server_default=text("0"))
    """How many of them changed or rejected something."""


class ApprovalRow(Base):
    """How many results of a model and a prompt were approved and rejected; kept when the jobs are gone."""

    __tablename__ = "enrichment_review_count"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    prompt_version: Mapped[str] = mapped_column(primary_key=True)
    """`''` where there was no prompt: the rules need none."""
    approved: Mapped[int] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(BigInteger)


class Approval(Model):
    """How the results of one model and prompt were received; `rate` is approved over reviewed, 0 to 1."""

    provider: str
    model: str
    prompt_version: str | None
    approved: int
    rejected: int
    rate: float


@dataclass(frozen=True, slots=True)
class Decision:
    """One review, ready to be written. `result` is the edited one; None leaves what is there."""

    status: ReviewStatus
    by: str
    edits: Sequence[ReviewedField] = ()
    result: JSON | None = None


_REVIEW = text("""
    WITH job AS (
        UPDATE enrichment_job
        SET review = CAST(:decision AS text), reviewed_at = clock_timestamp(), reviewed_by = :by,
            result = coalesce(CAST(:result AS jsonb), result)
        WHERE id = :id AND tenant = :tenant AND run = :run AND status = 'completed'
          AND review IS DISTINCT FROM 'approved'
        RETURNING id, run, tenant, provider, model, result ->> 'promptVersion' AS prompt_version, review,
                  old.review AS was
    ), edits AS (
        INSERT INTO enrichment_review_edits (job_id, run, edits, changed)
        SELECT id, run, CAST(:edits AS jsonb), :changed FROM job
        ON CONFLICT (job_id, run) DO UPDATE SET edits = excluded.edits, changed = excluded.changed
    ), outdated AS (
        DELETE FROM enrichment_document WHERE job_id = (SELECT id FROM job) AND CAST(:result AS jsonb) IS NOT NULL
    ), counted AS (
        INSERT INTO enrichment_review_count AS c (tenant, provider, model, prompt_version, approved, rejected)
        SELECT tenant, coalesce(provider, ''), coalesce(model, ''), coalesce(prompt_version, ''),
               CAST(review = 'approved' AS integer),
               CAST(review = 'rejected' AS integer) - CAST(was IS NOT DISTINCT FROM 'rejected' AS integer)
        FROM job
        ON CONFLICT (tenant, provider, model, prompt_version)
            DO UPDATE SET approved = c.approved + excluded.approved, rejected = c.rejected + excluded.rejected
    )
    SELECT id FROM job
""")
_APPROVALS = text("""
    SELECT provider, model, prompt_version, approved, rejected FROM enrichment_review_count
    WHERE tenant = :tenant AND approved + rejected > 0 ORDER BY provider, model, prompt_version
""")


async def review(database: Database, tenant: str, job_id: str, run: int, decision: Decision) -> bool:
    """Reviews the result of a completed run. False: it is approved already, or the job is in another state or run.

    Documents of a result that this changes go: they are rendered anew from it.
    """
    key = await database.vault.key_of_job(database, job_id)
    edits = [edit.model_dump(mode="json", by_alias=True) for edit in decision.edits]
    parameters = {
        "id": job_id,
        "tenant": tenant,
        "run": run,
        "decision": decision.status,
        "by": decision.by,
        "edits": json.dumps(sealing.seal(key, edits)),
        "result": None if decision.result is None else json.dumps(sealing.seal_result(key, decision.result)),
        "changed": len([edit for edit in decision.edits if edit.verdict is not Verdict.ACCEPTED]),
    }
    return (await database.execute(_REVIEW, parameters)).first() is not None


async def approvals(database: Database, tenant: str) -> list[Approval]:
    """The rate of approval of each model and prompt whose results were reviewed."""
    return [
        Approval(
            provider=row.provider,
            model=row.model,
            prompt_version=row.prompt_version or None,
            approved=row.approved,
            rejected=row.rejected,
            rate=row.approved / (row.approved + row.rejected),
        )
        for row in await database.execute(_APPROVALS, {"tenant": tenant})
    ]
