"""What was spent, written when a call has ended: for the attempt, the job, and the tenant's day at once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.models import Model
from enrichment.results import Usage
from enrichment.spending.budgets import ENDED, LOCKED, Reservation
from enrichment.tables import Base


class UsageRow(Base):
    """What one attempt at a job used of one model."""

    __tablename__ = "enrichment_usage"

    job_id: Mapped[str] = mapped_column(ForeignKey("enrichment_job.id", ondelete="CASCADE"), primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int]
    reused: Mapped[int]
    unreported: Mapped[int]
    unpriced: Mapped[int]
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_usd: Mapped[Decimal] = mapped_column(Numeric)
    """Of the priced requests."""


class SpendRow(Base):
    """What a tenant used of one model on one day (UTC). It stays when the jobs are gone."""

    __tablename__ = "enrichment_spend"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    reused: Mapped[int] = mapped_column(BigInteger)
    unreported: Mapped[int] = mapped_column(BigInteger)
    unpriced: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_usd: Mapped[Decimal] = mapped_column(Numeric)


class Spent(Model):
    """What was used of one model."""

    provider: str
    model: str
    requests: int
    """Answered by the provider."""
    reused: int
    """Answered from what was paid for before, at no cost."""
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    """None as soon as one request has no known price: an unknown cost is never a small one."""
    usage_reported: bool
    """False when the provider left out, once or more, how many tokens it took: then there were more of them."""


class AttemptUsage(Spent):
    """What one attempt used."""

    run: int
    attempt: int


class DailySpend(Spent):
    """What a tenant used on one day."""

    day: date


@dataclass(frozen=True, slots=True)
class Spender:
    """For whom a call is made; `attempt` counts from 1 within the run."""

    tenant: str
    job_id: str
    run: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Call:
    """One answer. `cost_usd` None: nobody knows the price. `is_reused`: it was paid for before, and is free."""

    provider: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    is_reported: bool = True
    is_reused: bool = False


_COUNTED = """
    requests = old.requests + excluded.requests, reused = old.reused + excluded.reused,
    unreported = old.unreported + excluded.unreported, unpriced = old.unpriced + excluded.unpriced,
    input_tokens = old.input_tokens + excluded.input_tokens, output_tokens = old.output_tokens + excluded.output_tokens,
    cost_usd = old.cost_usd + excluded.cost_usd
"""
_COLUMNS = "provider, model, requests, reused, unreported, unpriced, input_tokens, output_tokens, cost_usd"
_VALUES = """:provider, :model, CAST(:requests AS integer), CAST(:reused AS integer), CAST(:unreported AS integer),
    CAST(:unpriced AS integer), CAST(:input_tokens AS integer), CAST(:output_tokens AS integer),
    coalesce(CAST(:cost_usd AS numeric), 0)"""

_SETTLE = text(f"""
    WITH ended AS ({ENDED}), locked AS ({LOCKED}), budget AS (
        UPDATE enrichment_budget
        SET spent_usd = spent_usd + coalesce(CAST(:cost_usd AS numeric), ended.reserved),
            reserved_usd = reserved_usd - ended.reserved
        FROM ended WHERE id IN (SELECT id FROM locked)
    ), job AS (
        UPDATE enrichment_job
        SET input_tokens = coalesce(input_tokens, 0) + CAST(:input_tokens AS integer),
            output_tokens = coalesce(output_tokens, 0) + CAST(:output_tokens AS integer),
            cost_usd = CASE WHEN input_tokens IS NULL OR cost_usd IS NOT NULL
                       THEN coalesce(cost_usd, 0) + CAST(CAST(:cost_usd AS numeric) AS double precision) END
        WHERE id = :job_id AND EXISTS (SELECT FROM ended) RETURNING id
    ), attempt AS (
        INSERT INTO enrichment_usage AS old (job_id, run, attempt, {_COLUMNS})
        SELECT id, :run, :attempt, {_VALUES} FROM job
        ON CONFLICT (job_id, run, attempt, provider, model) DO UPDATE SET {_COUNTED}
    )
    INSERT INTO enrichment_spend AS old (tenant, day, {_COLUMNS})
    SELECT :tenant, CAST(:day AS date), {_VALUES} FROM ended
    ON CONFLICT (tenant, day, provider, model) DO UPDATE SET {_COUNTED}
""")  # noqa: S608 the parts are constants
_BY_ATTEMPT = text(f"""
    SELECT usage.run, usage.attempt, {", ".join(f"usage.{name}" for name in _COLUMNS.split(", "))}
    FROM enrichment_usage AS usage JOIN enrichment_job AS job ON job.id = usage.job_id
    WHERE usage.job_id = :job_id AND job.tenant = :tenant ORDER BY run, attempt, usage.provider, usage.model
""")  # noqa: S608 likewise
_OF_RUN = text(f"""
    SELECT {", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in _COLUMNS.split(", ")[2:])}
    FROM enrichment_usage WHERE job_id = :job_id AND run = :run
""")  # noqa: S608 likewise
_BY_DAY = text(f"""
    SELECT day, {_COLUMNS} FROM enrichment_spend
    WHERE tenant = :tenant AND day >= :since ORDER BY day, provider, model
""")  # noqa: S608 likewise


async def settle(database: Database, spender: Spender, call: Call, reservation: Reservation) -> None:
    """Writes what a call has cost, and ends its reservation: what it left over is free again. Twice counts once.

    A reservation that has expired meanwhile makes no difference to what was spent. Where nobody knows what the call has
    cost, a budget takes all that was reserved for it as spent.
    """
    is_priced = call.is_reused or call.cost_usd is not None
    parameters = {
        "reservation": reservation.id,
        "budgets": reservation.budget_ids,
        "tenant": spender.tenant,
        "job_id": spender.job_id,
        "run": spender.run,
        "attempt": spender.attempt,
        "day": datetime.now(UTC).date(),
        "provider": call.provider,
        "model": call.model,
        "requests": int(not call.is_reused),
        "reused": int(call.is_reused),
        "unreported": int(not call.is_reported),
        "unpriced": int(not is_priced),
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "cost_usd": Decimal(0) if call.is_reused else call.cost_usd,
    }
    await database.execute(_SETTLE, parameters)


async def of_run(database: Database, job_id: str, run: int) -> Usage:
    """What all attempts at a run have used so far, of all models."""
    row = (await database.execute(_OF_RUN, {"job_id": job_id, "run": run})).one()
    return Usage(
        requests=row.requests,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_usd=None if row.unpriced else float(row.cost_usd),
        usage_reported=not row.unreported,
        cached=not row.requests and bool(row.reused),
    )


async def by_attempt(database: Database, tenant: str, job_id: str) -> list[AttemptUsage]:
    """What each attempt at a job used, in order."""
    rows = await database.execute(_BY_ATTEMPT, {"tenant": tenant, "job_id": job_id})
    return [AttemptUsage(run=row.run, attempt=row.attempt, **_spent(row)) for row in rows]


async def by_day(database: Database, tenant: str, days: timedelta) -> list[DailySpend]:
    """What a tenant spent on each of the last days, by model."""
    parameters = {"tenant": tenant, "since": datetime.now(UTC).date() - days}
    return [DailySpend(day=row.day, **_spent(row)) for row in await database.execute(_BY_DAY, parameters)]


def _spent(row: Any) -> dict[str, Any]:
    return {
        "provider": row.provider,
        "model": row.model,
        "requests": row.requests,
        "reused": row.reused,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost_usd": None if row.unpriced else float(row.cost_usd),
        "usage_reported": not row.unreported,
    }
