"""The stored responses: their table and every statement on it.

One asker at a time holds a question, under a lease that it renews while it waits for the provider. The lease of a
process that died runs out, and the job that it worked for takes it over at once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.models import JSON
from enrichment.tables import Base
from enrichment.vault import sealing

LEASE = timedelta(seconds=15)
"""How long a question stays reserved without a renewal."""


class ResponseRow(Base):
    """One question to a model and, once it is there, the response. `key` is what `questions` makes of the question."""

    __tablename__ = "enrichment_response"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant: Mapped[str]
    candidate_id: Mapped[str | None]
    job_id: Mapped[str]
    """The job that paid; before the first response, the one that asked first."""
    run: Mapped[int]
    model: Mapped[str]
    prompt_version: Mapped[str]
    holder: Mapped[str | None]
    """The job that asks now. A response that is there stays until the new one is."""
    leased_until: Mapped[datetime]
    response: Mapped[dict[str, Any] | None]
    answered_at: Mapped[datetime | None]
    usable: Mapped[bool] = mapped_column(server_default=text("true"))
    """False once the response has turned out to be of no use: it is not taken again."""
    expires_at: Mapped[datetime]

    __table_args__ = (
        Index("response_candidate", "tenant", "candidate_id"),
        Index("response_job", "job_id"),
        Index("response_expires", "expires_at"),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """Under its key, and who asks. `refresh`: only a response given since the job was submitted will do."""

    key: bytes
    job_id: str
    run: int
    model: str
    prompt_version: str
    refresh: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored response. `is_own`: this very job has paid for it."""

    response: JSON = field(repr=False)
    is_own: bool


RESERVED, TAKEN = "reserved", "taken"
"""What `reserve` answers besides a response: the question is ours to ask, or somebody else is asking it."""

_ASKER = """
    WITH asker AS (
        SELECT id, tenant, candidate_id,
               greatest(answers_since, CASE WHEN CAST(:refresh AS boolean) THEN created_at END) AS since
        FROM enrichment_job WHERE id = :job_id
    )"""
"""Who asks, and since when a response must have been given to do: since it was submitted, or its result rejected."""
_IS_KEPT = "response.response IS NOT NULL AND response.usable AND response.expires_at > clock_timestamp()"
_USABLE = f"{_IS_KEPT} AND (SELECT since IS NULL OR response.answered_at > since FROM asker)"  # noqa: S608 constants
_RESERVE = text(f"""
    {_ASKER}, reserved AS (
        INSERT INTO enrichment_response AS response
            (key, tenant, candidate_id, job_id, run, model, prompt_version, holder, leased_until, expires_at)
        SELECT :key, tenant, candidate_id, id, :run, :model, :prompt_version,
               id, clock_timestamp() + :lease, clock_timestamp() + :ttl
        FROM asker
        ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, leased_until = excluded.leased_until
        WHERE NOT ({_USABLE})
          AND (response.holder IS NULL OR response.holder = :job_id OR response.leased_until < clock_timestamp())
        RETURNING key
    )
    SELECT EXISTS (SELECT FROM reserved) AS is_reserved, kept.response, kept.job_id = :job_id AS is_own
    FROM (SELECT :key AS key) AS asked
    LEFT JOIN (SELECT response.key, response.response, response.job_id FROM enrichment_response AS response
               WHERE response.key = :key AND {_USABLE}) AS kept ON true
""").columns(response=JSONB)  # noqa: S608 all parts are constants
_STORE = text(f"""
    {_ASKER}
    INSERT INTO enrichment_response AS response
        (key, tenant, candidate_id, job_id, run, model, prompt_version, leased_until, answered_at, expires_at, response)
    SELECT :key, tenant, candidate_id, id, :run, :model, :prompt_version,
           clock_timestamp(), clock_timestamp(), clock_timestamp() + :ttl, CAST(:response AS jsonb)
    FROM asker
    ON CONFLICT (key) DO UPDATE
    SET response = excluded.response, answered_at = excluded.answered_at, expires_at = excluded.expires_at,
        job_id = excluded.job_id, run = excluded.run, usable = true, holder = NULL, leased_until = excluded.leased_until
    WHERE NOT ({_USABLE})
""")  # noqa: S608 both parts are constants
_RENEW = text("""
    UPDATE enrichment_response SET leased_until = clock_timestamp() + :lease WHERE key = :key AND holder = :job_id
""")
_RELEASE = text("""
    WITH unanswered AS (
        DELETE FROM enrichment_response WHERE key = :key AND holder = :job_id AND response IS NULL
    )
    UPDATE enrichment_response SET holder = NULL WHERE key = :key AND holder = :job_id AND response IS NOT NULL
""")
_DISCARD = text("""
    UPDATE enrichment_response SET usable = false WHERE key = ANY (CAST(:keys AS bytea[])) AND response IS NOT NULL
""")
_DISCARD_OF_JOB = text("UPDATE enrichment_response SET usable = false WHERE job_id = :job_id AND response IS NOT NULL")
_ERASE = text("DELETE FROM enrichment_response WHERE tenant = :tenant AND candidate_id = :candidate_id RETURNING key")
_ERASE_OF_JOBS = text("DELETE FROM enrichment_response WHERE job_id = ANY (CAST(:job_ids AS text[])) RETURNING key")
_FORGET = text("""
    DELETE FROM enrichment_response WHERE key = ANY (ARRAY(
        SELECT key FROM enrichment_response
        WHERE expires_at < clock_timestamp() AND leased_until < clock_timestamp() ORDER BY expires_at LIMIT 1000
    )) RETURNING key
""")

_ANSWERED = text(f"""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:candidate_ids AS text[]), CAST(:input_hashes AS text[])) AS one (candidate_id, hash)
    ), answer AS (
        SELECT response.job_id, wanted.hash
        FROM wanted JOIN enrichment_response AS response
            ON response.tenant = :tenant AND response.candidate_id = wanted.candidate_id
        WHERE response.model = :model AND response.prompt_version = :prompt_version
          AND {_IS_KEPT}
        UNION ALL
        SELECT response.job_id, NULL FROM enrichment_response AS response
        WHERE EXISTS (SELECT FROM wanted WHERE candidate_id IS NULL)
          AND response.tenant = :tenant AND response.candidate_id IS NULL
          AND response.model = :model AND response.prompt_version = :prompt_version
          AND {_IS_KEPT}
    )
    SELECT DISTINCT job.input_hash FROM answer JOIN enrichment_job AS job ON job.id = answer.job_id
    WHERE job.input_hash = coalesce(answer.hash, job.input_hash) AND job.input_hash = ANY (:input_hashes)
""")  # noqa: S608 both parts are constants


async def reserve(database: Database, question: Question, ttl: timedelta) -> Kept | str:
    """The stored response; or `RESERVED`, and nobody else asks until it is stored or released; or `TAKEN`."""
    row = (await database.execute(_RESERVE, _of(question) | {"lease": LEASE, "ttl": ttl})).one()
    if row.is_reserved:
        return RESERVED
    response = await database.vault.open(database, row.response)
    return TAKEN if response is None else Kept(response, is_own=row.is_own)


async def store(database: Database, question: Question, response: JSON, ttl: timedelta) -> None:
    """Keeps what was paid for, unless its job was erased meanwhile; of two for the same question the first."""
    key = await database.vault.key_of_job(database, question.job_id)
    written = json.dumps(sealing.seal(key, response))
    await database.execute(_STORE, _of(question) | {"ttl": ttl, "response": written})


async def answered(
    database: Database, tenant: str, model: str, prompt_version: str, asked: Sequence[tuple[str | None, str]]
) -> set[str]:
    """Of these candidates, as id and hash of the input, the hashes of those for whom the model's answer is kept."""
    parameters = {
        "tenant": tenant,
        "model": model,
        "prompt_version": prompt_version,
        "candidate_ids": [candidate_id for candidate_id, _ in asked],
        "input_hashes": [input_hash for _, input_hash in asked],
    }
    return set((await database.execute(_ANSWERED, parameters)).scalars())


async def renew(database: Database, question: Question) -> None:
    """The provider has not answered yet: nobody else shall ask meanwhile."""
    await database.execute(_RENEW, {"key": question.key, "job_id": question.job_id, "lease": LEASE})


async def release(database: Database, question: Question) -> None:
    """The call failed: whoever asks next may pay. What was kept before is kept on."""
    await database.execute(_RELEASE, {"key": question.key, "job_id": question.job_id})


async def discard(database: Database, keys: list[bytes]) -> None:
    """These responses were of no use: the next attempt asks anew instead of reading them again."""
    await database.execute(_DISCARD, {"keys": keys})


async def discard_of_job(database: Database, job_id: str) -> None:
    """A person has rejected what this job made of its responses: nobody takes those that it has paid again."""
    await database.execute(_DISCARD_OF_JOB, {"job_id": job_id})


async def erase(database: Database, tenant: str, candidate_id: str) -> int:
    """Deletes a candidate's responses; how many there were."""
    return len((await database.execute(_ERASE, {"tenant": tenant, "candidate_id": candidate_id})).all())


async def erase_of_jobs(database: Database, job_ids: list[str]) -> int:
    """Deletes the responses that these jobs have paid; how many there were."""
    return len((await database.execute(_ERASE_OF_JOBS, {"job_ids": job_ids})).all())


async def forget_expired(database: Database) -> int:
    """Deletes up to 1,000 responses whose time is over; how many there were."""
    return len((await database.execute(_FORGET)).all())


def _of(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "job_id": question.job_id,
        "run": question.run,
        "model": question.model,
        "prompt_version": question.prompt_version,
        "refresh": question.refresh,
    }
