"""The table of the audit, and the one query on it. It is written by a trigger of `enrichment_job`."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.models import JSON, JobStatus, Model
from enrichment.results import Usage
from enrichment.tables import Base


class AuditRow(Base):
    """One act. A trigger refuses to change or delete it. It outlives the job, whose id is therefore no foreign key."""

    __tablename__ = "enrichment_audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    tenant: Mapped[str]
    job_id: Mapped[str]
    run: Mapped[int]
    act: Mapped[str]
    actor: Mapped[str]
    type: Mapped[str]
    input_hash: Mapped[str]
    provider: Mapped[str | None]
    model: Mapped[str | None]
    prompt_version: Mapped[str | None]
    taxonomy_version: Mapped[str | None]
    usage: Mapped[JSON | None] = mapped_column(JSONB)
    faithfulness: Mapped[float | None]
    error_code: Mapped[str | None]
    changed_fields: Mapped[int | None]

    __table_args__ = (Index("audit_job", "job_id", "id"),)


class SecretRow(Base):
    """A random key that the database has made for itself."""

    __tablename__ = "enrichment_secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes]


class AuditEntry(Model):
    """One act on one job: how a run ended (`completed`, `failed`, `cancelled`), or how its result was reviewed
    (`approved`, `rejected`).
    """

    at: datetime
    act: JobStatus | str
    actor: str
    """The key's id of who reviewed; `system` where the product acted by itself."""
    run: int
    type: str
    input_hash: str
    """A keyed SHA-256 of the candidate's data as submitted: the same for the same data, and no way back to it."""
    provider: str | None
    model: str | None
    prompt_version: str | None
    taxonomy_version: str | None
    usage: Usage | None
    faithfulness: float | None
    error_code: str | None
    changed_fields: int | None
    """Of a review: how many fields were changed or rejected."""


_OF_JOB = text("""
    SELECT at, act, actor, run, type, input_hash, provider, model, prompt_version, taxonomy_version, usage,
           faithfulness, error_code, changed_fields
    FROM enrichment_audit WHERE job_id = :job_id AND tenant = :tenant ORDER BY id
""").columns(usage=JSONB)


async def of_job(database: Database, tenant: str, job_id: str) -> list[AuditEntry]:
    """Every act on a job, the oldest first; also on one that was deleted since."""
    rows = await database.execute(_OF_JOB, {"tenant": tenant, "job_id": job_id})
    return [AuditEntry.model_validate(row._mapping) for row in rows]
