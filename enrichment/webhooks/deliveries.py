"""The table of the deliveries, and each statement on it.

    (a job ends) ──▶ pending ──sent──▶ delivered
                        │  ▲
              given up  ▼  │ redeliver
                       dead

A trigger writes the row in the transaction that ends the job, so no ending goes untold and none is told that was rolled
back. `round` counts how often it was begun: by the job's end, each time somebody has it delivered again, and each time
its workflow was lost. Each round has a workflow of its own; what one before it still has to say changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, text
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.tables import Base
from enrichment.webhooks.endpoints import Endpoint

CLAIM_LEASE = timedelta(seconds=8)
_IS_WAITING = "status = 'pending' AND started_at IS NULL"
IS_UNDER_WAY = "status = 'pending' AND started_at IS NOT NULL"


class DeliveryRow(Base):
    """One ending that is told. `last_error` is a code of ours, never an answer's text."""

    __tablename__ = "enrichment_delivery"

    job_id: Mapped[str] = mapped_column(ForeignKey("enrichment_job.id", ondelete="CASCADE"), primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    webhook_id: Mapped[str] = mapped_column(ForeignKey("enrichment_webhook.id"))
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    attempts_before: Mapped[int] = mapped_column(server_default=text("0"))
    """How many of them were made before somebody had it delivered again."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    claimed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    """When its workflow was started."""
    checked_at: Mapped[datetime | None]
    """When the sweeper last found its workflow as it should be."""
    ended_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    """What the endpoint answered last, as an HTTP status."""
    last_error: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("status IN ('pending', 'delivered', 'dead')", name="delivery_status_known"),
        CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="delivery_ended_has_end"),
        Index("delivery_waiting", "created_at", postgresql_where=text(_IS_WAITING)),
        Index("delivery_unchecked", text("greatest(started_at, checked_at)"), postgresql_where=text(IS_UNDER_WAY)),
        Index("delivery_dead", "tenant", "created_at", postgresql_where=text("status = 'dead'")),
        Index("delivery_list", "tenant", "created_at"),
    )


@dataclass(frozen=True, slots=True)
class Round:
    """One beginning of a delivery."""

    job_id: str
    run: int
    round: int

    @property
    def workflow_id(self) -> str:
        return f"webhook-{self.job_id}.{self.run}.{self.round}"


@dataclass(frozen=True, slots=True)
class Due(Round):
    """One whose workflow is to be started."""

    attempts_before: int
    """How many were made before somebody had it delivered again."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one attempt needs: the ending, and where to tell it."""

    job_id: str
    run: int
    type: str
    status: str
    error_code: str | None
    """None too where the job is in another run by now."""
    ended_at: datetime
    endpoint: Endpoint
    attempts: int
    """How many were made until now, in all rounds."""


@dataclass(frozen=True, slots=True)
class Delivery:
    job_id: str
    run: int
    tenant: str
    url: str
    status: str
    attempts: int
    created_at: datetime
    last_status: int | None
    last_error: str | None


_CLAIM = text(f"""
    UPDATE enrichment_delivery SET claimed_at = now()
    WHERE (job_id, run) IN (
        SELECT job_id, run FROM enrichment_delivery
        WHERE {_IS_WAITING} AND (claimed_at IS NULL OR claimed_at < now() - CAST(:lease AS interval))
        ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING job_id, run, round, attempts_before
""")  # noqa: S608 a constant of ours
_STARTED = text("""
    UPDATE enrichment_delivery AS delivery SET started_at = now(), claimed_at = NULL
    FROM unnest(CAST(:ids AS text[]), CAST(:runs AS integer[]), CAST(:rounds AS integer[]))
        AS started (job_id, run, round)
    WHERE delivery.job_id = started.job_id AND delivery.run = started.run AND delivery.round = started.round
""")
_TELLING = text("""
    SELECT job.id, delivery.run, delivery.attempts, job.type, event.to_status AS status, event.at AS ended_at,
           CASE WHEN job.run = delivery.run THEN job.error_code END AS error_code,
           webhook.id AS webhook_id, webhook.tenant, webhook.url, webhook.secret, webhook.created_at,
           CASE WHEN webhook.previous_until > now() THEN webhook.previous_secret END AS previous_secret
    FROM enrichment_delivery AS delivery
    JOIN enrichment_job AS job ON job.id = delivery.job_id
    JOIN enrichment_webhook AS webhook ON webhook.id = delivery.webhook_id
    JOIN enrichment_event AS event ON event.job_id = delivery.job_id AND event.run = delivery.run
        AND event.to_status IN ('completed', 'failed', 'cancelled')
    WHERE delivery.job_id = :job_id AND delivery.run = :run AND delivery.status = 'pending'
      AND delivery.round = coalesce(CAST(:round AS integer), delivery.round)
""")
_RECORD = text("""
    UPDATE enrichment_delivery
    SET attempts = attempts + 1, status = :status, last_status = :last_status, last_error = :last_error,
        ended_at = CASE WHEN :status <> 'pending' THEN now() END
    WHERE job_id = :job_id AND run = :run AND status = 'pending' AND round = coalesce(CAST(:round AS integer), round)
""")
_REDELIVER = text("""
    UPDATE enrichment_delivery
    SET status = 'pending', round = round + 1, attempts_before = attempts, started_at = NULL, claimed_at = NULL,
        ended_at = NULL
    WHERE job_id = :job_id AND run = coalesce(:run, (SELECT max(run) FROM enrichment_delivery WHERE job_id = :job_id))
      AND status <> 'pending'
    RETURNING job_id
""")
_LIST = text("""
    SELECT delivery.*, webhook.url FROM enrichment_delivery AS delivery
    JOIN enrichment_webhook AS webhook ON webhook.id = delivery.webhook_id
    WHERE delivery.tenant = :tenant AND (CAST(:status AS text) IS NULL OR delivery.status = :status)
    ORDER BY delivery.created_at DESC LIMIT :limit
""")


async def claim(database: Database, limit: int) -> list[Due]:
    """Takes up to `limit` deliveries that no workflow was started for; a claim that is not followed up expires."""
    rows = await database.execute(_CLAIM, {"limit": limit, "lease": CLAIM_LEASE})
    return [Due(row.job_id, row.run, row.round, row.attempts_before) for row in rows]


async def mark_started(database: Database, started: Sequence[Round]) -> None:
    """A delivery that was reopened meanwhile, in a later round, is left for the next start."""
    parameters = {
        "ids": [each.job_id for each in started], "runs": [each.run for each in started],
        "rounds": [each.round for each in started],
    }  # fmt: skip
    await database.execute(_STARTED, parameters)


async def telling(database: Database, job_id: str, run: int, *, in_round: int | None = None) -> Telling | None:
    """What is to be told; None where it was told already, another round tells it, or the job is gone.

    `in_round` None is any round.
    """
    row = (await database.execute(_TELLING, {"job_id": job_id, "run": run, "round": in_round})).first()
    if row is None:
        return None
    signing = tuple(secret for secret in (row.secret, row.previous_secret) if secret)
    endpoint = Endpoint(row.webhook_id, row.tenant, row.url, signing, row.created_at)
    return Telling(row.id, row.run, row.type, row.status, row.error_code, row.ended_at, endpoint, row.attempts)


async def record(
    database: Database,
    job_id: str,
    run: int,
    status: str,
    *,
    in_round: int | None = None,
    answered: int | None = None,
    error: str | None = None,
) -> None:
    """Writes how an attempt ended, and with `status` whether another one follows.

    It changes nothing where another round than `in_round` tells it by now; None is any round.
    """
    parameters = {
        "job_id": job_id, "run": run, "round": in_round, "status": status, "last_status": answered, "last_error": error
    }  # fmt: skip
    await database.execute(_RECORD, parameters)


async def redeliver(database: Database, job_id: str, run: int | None = None) -> bool:
    """Has an ending told again, the job's last one by default. False: there is none, or it is still being told."""
    return (await database.execute(_REDELIVER, {"job_id": job_id, "run": run})).first() is not None


async def recent(database: Database, tenant: str, status: str | None, limit: int) -> list[Delivery]:
    """The newest first."""
    rows = await database.execute(_LIST, {"tenant": tenant, "status": status, "limit": limit})
    return [_delivery(row) for row in rows]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        row.job_id,
        row.run,
        row.tenant,
        row.url,
        row.status,
        row.attempts,
        row.created_at,
        row.last_status,
        row.last_error,
    )
