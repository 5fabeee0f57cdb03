"""The table of the candidates' keys, and every statement on it. A key is there for as long as anything it has sealed.

Backups that are to outlive an erasure leave this table out, and keep it apart: see `docs/privacy.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.tables import Base

if TYPE_CHECKING:
    from enrichment.db import Database


class CandidateKeyRow(Base):
    """A candidate's key, wrapped by the master key `master`. `''` is who came without an id, once for each tenant."""

    __tablename__ = "enrichment_candidate_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    candidate_id: Mapped[str]
    master: Mapped[str]
    wrapped: Mapped[bytes]
    used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """When it was last asked for to seal something new, to the hour."""

    __table_args__ = (UniqueConstraint("tenant", "candidate_id", name="candidate_key_of"),)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key as it is stored."""

    id: str
    tenant: str
    candidate_id: str
    master: str
    wrapped: bytes = field(repr=False)


_MAKE = text("""
    WITH made AS (
        INSERT INTO enrichment_candidate_key AS key (id, tenant, candidate_id, master, wrapped)
        SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:tenants AS text[]), CAST(:candidate_ids AS text[]),
                             CAST(:masters AS text[]), CAST(:wrapped AS bytea[]))
        ON CONFLICT (tenant, candidate_id) DO UPDATE SET used_at = now()
            WHERE key.used_at < now() - interval '1 hour'
        RETURNING id, tenant, candidate_id, master, wrapped
    )
    SELECT * FROM made UNION ALL
    SELECT id, tenant, candidate_id, master, wrapped FROM enrichment_candidate_key
    WHERE tenant = ANY (CAST(:tenants AS text[])) AND candidate_id = ANY (CAST(:candidate_ids AS text[]))
""")
_GET = text("""
    SELECT id, tenant, candidate_id, master, wrapped FROM enrichment_candidate_key
    WHERE id = ANY (CAST(:ids AS text[]))
""")
_OF_JOB = text("""
    SELECT CASE jsonb_typeof(payload) WHEN 'string' THEN split_part(payload #>> '{}', ':', 1) END
    FROM enrichment_job WHERE id = :job_id
""")
_DESTROY = text("""
    DELETE FROM enrichment_candidate_key WHERE tenant = :tenant AND candidate_id = :candidate_id RETURNING id
""")
_FORGET_UNUSED = text("""
    WITH page AS (
        SELECT id, tenant, candidate_id FROM enrichment_candidate_key WHERE id > :after ORDER BY id LIMIT 1000
    ), gone AS (
        DELETE FROM enrichment_candidate_key AS key USING page
        WHERE key.id = page.id AND page.candidate_id <> '' AND key.used_at < now() - interval '1 day'
          AND NOT EXISTS (SELECT FROM enrichment_job AS job
                          WHERE job.candidate_id = page.candidate_id AND job.tenant = page.tenant)
          AND NOT EXISTS (SELECT FROM enrichment_response AS response
                          WHERE response.candidate_id = page.candidate_id AND response.tenant = page.tenant)
    )
    SELECT max(id) FROM page
""")


async def make(database: "Database", fresh: Sequence[Wrapped]) -> list[Wrapped]:
    """Those of these keys whose candidates had none, and the keys that the others have.

    One that somebody else makes at this very moment is left out: ask again.
    """
    in_order = sorted(fresh, key=lambda one: one.candidate_id)  # of two that ask for the same, one waits for the other
    parameters = {
        "ids": [one.id for one in in_order],
        "tenants": [one.tenant for one in in_order],
        "candidate_ids": [one.candidate_id for one in in_order],
        "masters": [one.master for one in in_order],
        "wrapped": [one.wrapped for one in in_order],
    }
    return [_wrapped(row) for row in await database.execute(_MAKE, parameters)]


async def get(database: "Database", key_ids: Sequence[str]) -> list[Wrapped]:
    """Those of these keys that there are."""
    return [_wrapped(row) for row in await database.execute(_GET, {"ids": list(key_ids)})]


async def id_of_job(database: "Database", job_id: str) -> str | None:
    """Of the key that the job's candidate is sealed under; None: it is not sealed, or there is no such job."""
    key_id: str | None = (await database.execute(_OF_JOB, {"job_id": job_id})).scalar()
    return key_id


async def destroy(database: "Database", tenant: str, candidate_id: str) -> int:
    """From now on nobody reads what was sealed under the candidate's key, wherever a copy of it is. How many it had."""
    return len((await database.execute(_DESTROY, {"tenant": tenant, "candidate_id": candidate_id})).all())


async def forget_unused(database: "Database", after: str = "") -> str | None:
    """Of the next 1,000 keys, deletes those of which nothing sealed is left; the id to go on after, None at the end."""
    last: str | None = (await database.execute(_FORGET_UNUSED, {"after": after})).scalar_one()
    return last


def _wrapped(row: Any) -> Wrapped:
    return Wrapped(row.id, row.tenant, row.candidate_id, row.master, row.wrapped)
