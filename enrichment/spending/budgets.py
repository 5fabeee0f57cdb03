"""Budgets, and the reservations that keep them.

    reserve ──▶ settle      the call was answered: what it cost is spent, the rest of the reservation is free again
       └──────▶ release     it was not
       └──────▶ (expires)   its process died

A reservation takes from every budget that the call falls under, or from none. Each budget is one row, and each taking
one guarded upsert, so that callers at the same time take one after the other and the last of them is refused.

A call ends once. Its id is made before anything is asked of the database, and its row stays for a while when it has
ended: so whoever did not hear the answer to one of these statements may send it again.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.errors import BudgetExceeded, BudgetReserved
from enrichment.ids import new_id
from enrichment.tables import Base

LEASE = timedelta(minutes=6)
"""How long money stays reserved for a call that is not heard of any more: longer than any attempt may last."""
KEPT = timedelta(days=1)
"""How long it is known that a call has ended: longer than anybody holds an answer until the database is back."""
LOOK_AGAIN = timedelta(seconds=10)
"""When to ask again for money that others have reserved: a call takes seconds."""


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
    """Money that one call may cost, taken from each of `budgets` until the call has ended. Then it is none."""

    __tablename__ = "enrichment_reservation"

    id: Mapped[str] = mapped_column(primary_key=True)
    budgets: Mapped[list[str]] = mapped_column(ARRAY(Text))
    usd: Mapped[Decimal] = mapped_column(Numeric)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("reservation_expires", "expires_at", postgresql_where=text("ended_at IS NULL")),
        Index("reservation_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )


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
    """One call, and the budgets that it falls under. With none there is nothing to reserve, and no statement is sent.

    It is made before the money is reserved, so that it can be given back whether or not `reserve` is known to have
    done so.
    """

    budgets: tuple[Budget, ...] = ()
    id: str = field(default_factory=new_id)

    @property
    def budget_ids(self) -> list[str]:
        return [budget.id for budget in self.budgets]


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
ENDED = """
    INSERT INTO enrichment_reservation AS call (id, budgets, usd, expires_at, ended_at)
    VALUES (:reservation, '{}', 0, clock_timestamp(), clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET usd = 0, ended_at = excluded.ended_at WHERE call.ended_at IS NULL
    RETURNING coalesce(old.usd, 0) AS reserved
"""
"""Ends a call: one row with what was still reserved for it, or none if it had ended before. One that is not there
(it has expired, or its budgets are none) ends too; should its reserving still be under way, this waits for it.
"""
LOCKED = "SELECT id FROM enrichment_budget WHERE id = ANY (CAST(:budgets AS text[])) ORDER BY id FOR UPDATE"
_END = text(ENDED)
_FREE = text(f"""
    WITH locked AS ({LOCKED})
    UPDATE enrichment_budget SET reserved_usd = reserved_usd - CAST(:usd AS numeric) WHERE id IN (SELECT id FROM locked)
""")  # noqa: S608 the part is a constant
_SPENT = text("SELECT id, spent_usd FROM enrichment_budget WHERE id = ANY (CAST(:budgets AS text[]))")
_RELEASE_EXPIRED = text("""
    WITH gone AS (
        DELETE FROM enrichment_reservation
        WHERE id = ANY (ARRAY(SELECT id FROM enrichment_reservation
                              WHERE ended_at IS NULL AND expires_at < clock_timestamp() ORDER BY expires_at
                              LIMIT 1000 FOR UPDATE SKIP LOCKED))
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
_FORGET_ENDED = text("""
    DELETE FROM enrichment_reservation WHERE id = ANY (ARRAY(
        SELECT id FROM enrichment_reservation WHERE ended_at < clock_timestamp() - CAST(:kept AS interval)
        ORDER BY ended_at LIMIT 1000
    )) RETURNING id
""")


async def reserve(database: Database, reservation: Reservation, usd: Decimal, *, lease: timedelta = LEASE) -> None:
    """Reserves what a call may cost under each of its budgets, or under none of them.

    Raises:
        BudgetReserved: a budget has less left as long as other calls hold what they have reserved.
        BudgetExceeded: a budget has less left. Of a day's, `retry_after` says how long it is to the next day.
        StorageUnavailable: nobody knows whether it is reserved; `release` it.
    """
    if not reservation.budgets:
        return
    try:
        await _take(database, reservation, usd, lease)
    except _Full:
        await release_expired(database)
    else:
        return
    try:
        await _take(database, reservation, usd, lease)
    except _Full as full:
        raise full.told() from None


async def release(database: Database, reservation: Reservation) -> None:
    """Gives the money back, whether or not it is reserved: the call has cost nothing. Twice is as good as once."""
    if not reservation.budgets:
        return
    async with database.transaction() as connection:
        reserved = (await connection.execute(_END, {"reservation": reservation.id})).scalar()
        if reserved:  # a second statement: it sees also a budget that has come with the reservation just now
            await connection.execute(_FREE, {"usd": reserved, "budgets": reservation.budget_ids})


async def release_expired(database: Database) -> None:
    """Gives back what was reserved by processes that are not heard of any more."""
    await database.execute(_RELEASE_EXPIRED)


async def forget_days(database: Database, before: date) -> None:
    """Deletes the budgets of days before this one."""
    await database.execute(_FORGET_DAYS, {"before": before.isoformat()})


async def forget_ended(database: Database, age: timedelta = KEPT) -> int:
    """Forgets up to 1,000 calls that ended longer than `age` ago; how many there were."""
    return len((await database.execute(_FORGET_ENDED, {"kept": age})).all())


class _Full(Exception):
    """Rolls the taking back; nothing was taken from any budget. `is_spent`: waiting for other calls does not help."""

    def __init__(self, budget: Budget, *, is_spent: bool) -> None:
        self._budget = budget
        self._is_spent = is_spent

    def told(self) -> BudgetExceeded:
        budget = self._budget
        if not self._is_spent:
            message = f"Calls under way have reserved what is left of the {budget.scope}'s budget of ${budget.usd}"
            return BudgetReserved(message, retry_after=LOOK_AGAIN)
        if budget.scope is not Scope.DAY:
            return BudgetExceeded(f"The {budget.scope}'s budget of ${budget.usd} does not suffice for the next call")
        now = datetime.now(UTC)
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        message = f"The budget of ${budget.usd} for today is used up; the next begins at {midnight:%Y-%m-%d %H:%M} UTC"
        return BudgetExceeded(message, retry_after=midnight - now)


async def _take(database: Database, reservation: Reservation, usd: Decimal, lease: timedelta) -> None:
    budgets = reservation.budgets
    parameters = {
        "id": reservation.id,
        "usd": usd,
        "lease": lease,
        "ids": reservation.budget_ids,
        "tenants": [budget.tenant for budget in budgets],
        "job_ids": [budget.job_id for budget in budgets],
        "limits": [budget.usd for budget in budgets],
    }
    async with database.transaction() as connection:
        taken = set((await connection.execute(_TAKE, parameters)).scalars())
        if refused := [budget for budget in budgets if budget.id not in taken]:
            rows = await connection.execute(_SPENT, {"budgets": reservation.budget_ids})
            spent = {row.id: row.spent_usd for row in rows}
            final = [budget for budget in refused if spent.get(budget.id, 0) + usd > budget.usd]
            raise _Full((final or refused)[0], is_spent=bool(final))
