"""How many jobs a tenant may have open, and submit in a day: read from the rows, so that no restart forgets them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from enrichment.db import Database
from enrichment.errors import RateLimited
from enrichment.ids import first_id

TRY_AGAIN = timedelta(seconds=10)
"""What a tenant is told whose open jobs have to end first."""

_USED = text("""
    SELECT (
        SELECT coalesce(sum(jobs), 0) FROM enrichment_job_count
        WHERE tenant = :tenant AND status IN ('pending', 'in_progress')
    ) AS open, (
        SELECT count(*) FROM (
            SELECT FROM enrichment_job WHERE tenant = :tenant AND id >= :midnight LIMIT :most
        ) AS job
    ) AS today
""")


@dataclass(frozen=True, slots=True)
class Quota:
    """The most jobs of one tenant; None: any number. The jobs of a bulk count, and so does the bulk."""

    most_open: int | None
    most_per_day: int | None

    @property
    def is_any(self) -> bool:
        return self.most_open is not None or self.most_per_day is not None


async def require(database: Database, tenant: str, quota: Quota, jobs: int, now: datetime) -> None:
    """Refuses `jobs` more jobs where they are too many. Requests at the same moment may pass it together by a few.

    Raises:
        RateLimited: with the time after which it is worth trying again.
    """
    if not quota.is_any:
        return
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    parameters = {"tenant": tenant, "midnight": first_id(midnight), "most": quota.most_per_day or 0}
    used = (await database.execute(_USED, parameters)).one()
    if quota.most_open is not None and used.open + jobs > quota.most_open:
        raise RateLimited(f"A tenant may have {quota.most_open} jobs open at a time", retry_after=TRY_AGAIN)
    if quota.most_per_day is not None and used.today + jobs > quota.most_per_day:
        wait = midnight + timedelta(days=1) - now
        raise RateLimited(f"A tenant may submit {quota.most_per_day} jobs a day (UTC)", retry_after=wait)
