"""Budgets, and the reservations that keep them.

    reserve ──▶ settle      the call was answered: what it cost is spent, the rest of the reservation is free again
       └──────▶ release     it was not
       └──────▶ (expires)   its process died

A reservation takes from every budget that the call falls under, or from none. Each budget is one row, and each taking
one guarded upsert, so that callers at the same time take one after the other and the last of them is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.errors import BudgetExceeded
from enrichment.ids import new_id
from enrichment.tables import Base

LEASE = timedelta(minutes=6)
"""How long money stays reserved for a call that is not heard of any more: longer than any attempt may last."""


class BudgetRow(Base):
    """What was spent of one budget, and what is reserved. Its limit comes with each request."""

    __tablename__ = "enrichment_budget"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    job_id: Mapped[str | None] = mapped_column(ForeignKey("enrichment_job.id", ondelete="CASCADE"))
    """The job or bulk whose budget this is; none for a tenant's day."""
    spent_usd: Mapped[Decimal] = mapped_column(Numeric)
    reserved_usd: Mapped[Decimal] = mapped_column(Numeric)

    __table_args__ = (Index("budget_job", "job_id", postgresql_where=text("job_id IS NOT NULL")),)


class ReservationRow(Base):
    """Money that one call may cost, taken from each of `budgets` until the call has ended."""

    __tablename__ = "enrichment_reservation"

    id: Mapped[str] = mapped_column(primary_key=True)
    budgets: Mapped[list[str]] = mapped_column(ARRAY(Text))
    usd: Mapped[Decimal] = mapped_column(Numeric)
    expires_at: Mapped[datetime]

    __table_args__ = (Index("reservation_expires", "expires_at"),)


class Scope(StrEnum):
    """What a budget is for."""

    JOB = "job"
    BULK = "bulk"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `usd` dollars for one job, one bulk, or one day (UTC) of a tenant."""

    scope: Scope
    id: str
    tenant: str
    usd: Decimal
    job_id: str | None = None

    @classmethod
    def of_job(cls, tenant: str, job_id: str, usd: Decimal) -> "Budget":
        return cls(Scope.JOB, job_id, tenant, usd, job_id)

    @classmethod
    def of_bulk(cls, tenant: str, job_id: str, usd: Decimal) -> "Budget":
        return cls(Scope.BULK, job_id, tenant, usd, job_id)

    @classmethod
    def of_day(cls, tenant: str, now: datetime, usd: Decimal) -> "Budget":
        return cls(Scope.DAY, f"{now.astimezone(UTC):%Y-%m-%d} {tenant}", tenant, usd)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money reserved under these budgets; with no budgets it is nothing at all, and costs no statement."""

    id: str
    budgets: tuple[str, ...]


UNLIMITED = Reservation("", ())

_TAKE = text("""
    WITH taken AS (
        INSERT INTO enrichment_budget AS budget (id, tenant, job_id, spent_usd, reserved_usd)
        SELECT id, tenant, job_id, 0, CAST(:usd AS numeric)
        FROM unnest(CAST(:ids AS text[]), CAST(:tenants AS text[]), CAST(:job_ids AS text[]),
                    CAST(:limits AS numeric[])) AS wanted (id, tenant, job_id, most)
        WHERE CAST(:usd AS numeric) <= most ORDER BY id
        ON CONFLICT (id) DO UPDATE SET reserved_usd = budget.reserved_usd + excluded.reserved_usd
            WHERE budget.spent_usd + budget.reserved_usd + excluded.reserved_usd
                  <= (CAST(:limits AS numeric[]))[array_position(CAST(:ids AS text[]), budget.id)]
        RETURNING id
    ), held AS (
        INSERT INTO enrichment_reservation (id, budgets, usd, expires_at)
        VALUES (:id, CAST(:ids AS text[]), CAST(:usd AS numeric), clock_timestamp() + CAST(:lease AS interval))
    )
    SELECT id FROM taken
""")
_RELEASE = text("""
    WITH gone AS (
        DELETE FROM enrichment_reservation WHERE id = :id RETURNING budgets, usd
    ), budget AS (
        SELECT id FROM enrichment_budget WHERE id = ANY (CAST(:budgets AS text[])) ORDER BY id FOR UPDATE
    )
    UPDATE enrichment_budget SET reserved_usd = reserved_usd - gone.usd
    FROM gone WHERE id IN (SELECT id FROM budget)
""")
_RELEASE_EXPIRED = text("""
    WITH gone AS (
        DELETE FROM enrichment_reservation
        WHERE id = ANY (ARRAY(SELECT id FROM enrichment_reservation WHERE expires_at < clock_timestamp()
                              ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED))
        RETURNING budgets, usd
    ), freed AS (
        SELECT id, sum(usd) AS usd FROM gone, unnest(budgets) AS id GROUP BY id
    ), budget AS (
        SELECT id FROM enrichment_budget WHERE id IN (SELECT id FROM freed) ORDER BY id FOR UPDATE
    )
    UPDATE enrichment_budget SET reserved_usd = reserved_usd - freed.usd
    FROM freed WHERE enrichment_budget.id = freed.id AND freed.id IN (SELECT id FROM budget)
""")
_FORGET_DAYS = text("DELETE FROM enrichment_budget WHERE job_id IS NULL AND id < :before")


async def reserve(
    database: Database, budgets: Sequence[Budget], usd: Decimal, *, lease: timedelta = LEASE
) -> Reservation:
    """Reserves what a call may cost under each of these budgets, or under none of them.

    Raises:
        BudgetExceeded: a budget has less left. Of a day's, `retry_after` says how long it is to the next day.
    """
    if not budgets:
        return UNLIMITED
    try:
        return await _take(database, budgets, usd, lease)
    except _Full:
        await release_expired(database)
    try:
        return await _take(database, budgets, usd, lease)
    except _Full as full:
        raise _exceeded(full.budget) from None


async def release(database: Database, reservation: Reservation) -> None:
    """Gives the money back: the call has cost nothing. Doing it twice does it once."""
    if reservation.budgets:
        await database.execute(_RELEASE, {"id": reservation.id, "budgets": list(reservation.budgets)})


async def release_expired(database: Database) -> None:
    """Gives back what was reserved by processes that are not heard of any more."""
    await database.execute(_RELEASE_EXPIRED)


async def forget_days(database: Database, before: date) -> None:
    """Deletes the budgets of days before this one."""
    await database.execute(_FORGET_DAYS, {"before": before.isoformat()})


class _Full(Exception):
    """Rolls the taking back; nothing was taken from any budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget


async def _take(database: Database, budgets: Sequence[Budget], usd: Decimal, lease: timedelta) -> Reservation:
    reservation = Reservation(new_id(), tuple(budget.id for budget in budgets))
    parameters = {
        "id": reservation.id,
        "usd": usd,
        "lease": lease,
        "ids": list(reservation.budgets),
        "tenants": [budget.tenant for budget in budgets],
        "job_ids": [budget.job_id for budget in budgets],
        "limits": [budget.usd for budget in budgets],
    }
    async with database.transaction() as connection:
        taken = set((await connection.execute(_TAKE, parameters)).scalars())
        for budget in budgets:
            if budget.id not in taken:
                raise _Full(budget)
    return reservation


def _exceeded(budget: Budget) -> BudgetExceeded:
    if budget.scope is not Scope.DAY:
        return BudgetExceeded(f"The {budget.scope}'s budget of ${budget.usd} does not suffice for the next call")
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    message = f"The budget of ${budget.usd} for today is used up; the next begins at {midnight:%Y-%m-%d %H:%M} UTC"
    return BudgetExceeded(message, retry_after=midnight - now)
