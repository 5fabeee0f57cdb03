"""Deliveries under way, held against Temporal's workflows: without its workflow one would be pending for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from enrichment.db import Database
from enrichment.runs import DELIVERY_ATTEMPTS
from enrichment.webhooks.deliveries import IS_UNDER_WAY, Round

CHECK_EVERY = timedelta(seconds=60)
"""How often the sweeper asks Temporal about a delivery."""
DEADLINE = timedelta(days=3)
"""When one that Temporal cannot read is begun again. Where the receiver always asks for the longest wait, the last
attempt is made 56 hours after the start."""


@dataclass(frozen=True, slots=True)
class UnderWay(Round):
    """One whose workflow was started."""

    is_overdue: bool = False


_UNCHECKED = text(f"""
    SELECT job_id, run, round, started_at < now() - CAST(:deadline AS interval) AS is_overdue
    FROM enrichment_delivery
    WHERE {IS_UNDER_WAY} AND greatest(started_at, checked_at) < now() - CAST(:every AS interval)
    ORDER BY greatest(started_at, checked_at) LIMIT :limit
""")  # noqa: S608 a constant of ours
_FROM = """
    FROM unnest(CAST(:ids AS text[]), CAST(:runs AS integer[]), CAST(:rounds AS integer[]))
        AS found (job_id, run, round)
    WHERE delivery.job_id = found.job_id AND delivery.run = found.run AND delivery.round = found.round
      AND delivery.status = 'pending'
"""
_CHECKED = text(f"UPDATE enrichment_delivery AS delivery SET checked_at = now() {_FROM}")  # noqa: S608 likewise
_OPEN_AGAIN = text(f"""
    UPDATE enrichment_delivery AS delivery SET round = delivery.round + 1, started_at = NULL {_FROM}
""")  # noqa: S608 likewise
_COUNT = text(f"""
    UPDATE enrichment_delivery AS delivery
    SET round = delivery.round + 1, started_at = NULL, attempts = attempts + 1, last_status = NULL, last_error = :error,
        status = CASE WHEN attempts + 1 - attempts_before < :most THEN 'pending' ELSE 'dead' END,
        ended_at = CASE WHEN attempts + 1 - attempts_before >= :most THEN now() END
    {_FROM}
""")  # noqa: S608 likewise


async def unchecked(database: Database, limit: int) -> list[UnderWay]:
    """Those under way that nobody looked at for a while, the longest first."""
    rows = await database.execute(_UNCHECKED, {"every": CHECK_EVERY, "deadline": DEADLINE, "limit": limit})
    return [UnderWay(row.job_id, row.run, row.round, row.is_overdue) for row in rows]


async def checked(database: Database, found: Sequence[Round]) -> None:
    """They were looked at, and have their next turn behind the others."""
    await database.execute(_CHECKED, _keys(found))


async def open_again(database: Database, found: Sequence[Round]) -> None:
    """Their workflows are gone: each is begun again, as its next round. The attempts made until now go on counting."""
    await database.execute(_OPEN_AGAIN, _keys(found))


async def count_and_open_again(database: Database, found: Sequence[Round], error: str) -> None:
    """The same where a workflow has ended without a record: that counts as an attempt, and the last one ends it."""
    await database.execute(_COUNT, _keys(found) | {"error": error, "most": DELIVERY_ATTEMPTS})


def _keys(found: Sequence[Round]) -> dict[str, object]:
    return {
        "ids": [each.job_id for each in found], "runs": [each.run for each in found],
        "rounds": [each.round for each in found],
    }  # fmt: skip
