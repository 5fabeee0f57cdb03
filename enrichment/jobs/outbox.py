"""A row becomes a workflow. The table is the outbox: a row that no workflow was started for is `dispatched_at IS NULL`.

A dispatcher claims rows, starts their workflows, and marks them. A claim that is not followed by a mark, because the
dispatcher died in between, expires; the next start under the same workflow id changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from enrichment.db import Database

CHANNEL = "enrichment_job"
TELL = f"SELECT pg_notify('{CHANNEL}', '')"
"""A part of the statements that make rows ready: once they are committed, it tells the dispatchers, who listen. It is a
hint: a dispatcher that misses it looks at the table within a second.
"""
CLAIM_LEASE = timedelta(seconds=8)
"""Longer than starting a batch of workflows takes, shorter than the 10 s after which a row counts as forgotten. While
Temporal hangs it may run out: another dispatcher, or this one, then tries the row too, which changes nothing.
"""


@dataclass(frozen=True, slots=True)
class Dispatchable:
    """A row whose workflow is to be started."""

    id: str
    run: int
    tenant: str
    candidate_id: str | None
    type: str
    priority: int
    queue: str
    max_retries: int


_HAS_BEGUN = text("""
    SELECT EXISTS (SELECT FROM enrichment_job WHERE status = 'in_progress' AND queue = ANY (CAST(:queues AS text[])))
""")
_CLAIM = text("""
    WITH served AS (
        SELECT queue FROM unnest(CAST(:queues AS text[])) AS queue
        WHERE NOT EXISTS (SELECT FROM enrichment_queue AS paused
                          WHERE paused.queue = queue.queue AND paused.paused_at IS NOT NULL)
    )
    UPDATE enrichment_job SET claimed_at = now()
    WHERE id IN (
        SELECT ready.id FROM served CROSS JOIN LATERAL (
            SELECT id FROM enrichment_job
            WHERE queue = served.queue AND status IN ('pending', 'in_progress') AND dispatched_at IS NULL
              AND run_at IS NULL
              AND (claimed_at IS NULL OR claimed_at < now() - CAST(:lease AS interval))
            ORDER BY priority DESC, id LIMIT :limit FOR UPDATE SKIP LOCKED
        ) AS ready
        UNION ALL
        SELECT due.id FROM (
            SELECT id FROM enrichment_job
            WHERE status IN ('pending', 'in_progress') AND dispatched_at IS NULL AND run_at <= now()
              AND queue IN (SELECT queue FROM served)
              AND (claimed_at IS NULL OR claimed_at < now() - CAST(:lease AS interval))
            ORDER BY run_at LIMIT :limit FOR UPDATE SKIP LOCKED
        ) AS due
    )
    RETURNING id, run, tenant, candidate_id, type, priority, queue, max_retries
""")
_MARK = text("""
    UPDATE enrichment_job AS job SET dispatched_at = now(), checked_at = now(), claimed_at = NULL
    FROM unnest(CAST(:ids AS text[]), CAST(:runs AS integer[])) AS started (id, run)
    WHERE job.id = started.id AND job.run = started.run AND job.checked_at IS NULL
""")
_GIVE_BACK = text("""
    UPDATE enrichment_job AS job SET claimed_at = NULL
    FROM unnest(CAST(:ids AS text[]), CAST(:runs AS integer[])) AS claimed (id, run)
    WHERE job.id = claimed.id AND job.run = claimed.run AND job.dispatched_at IS NULL
""")


async def has_begun(database: Database, queues: Sequence[str]) -> bool:
    """Whether something of these queues is in progress, with whatever worker."""
    return bool((await database.execute(_HAS_BEGUN, {"queues": list(queues)})).scalar())


async def claim(database: Database, queues: Sequence[str], limit: int) -> list[Dispatchable]:
    """Takes up to `limit` ready rows of each queue, those of the highest priority first, and as many that are due.

    Rows of a paused queue stay where they are.
    """
    rows = await database.execute(_CLAIM, {"queues": list(queues), "limit": limit, "lease": CLAIM_LEASE})
    claimed = [
        Dispatchable(row.id, row.run, row.tenant, row.candidate_id, row.type, row.priority, row.queue, row.max_retries)
        for row in rows
    ]
    return sorted(claimed, key=lambda job: (-job.priority, job.id))


async def mark_dispatched(database: Database, started: Sequence[Dispatchable]) -> None:
    await database.execute(_MARK, _keys(started))


async def give_back(database: Database, claimed: Sequence[Dispatchable]) -> None:
    """Frees rows whose workflow could not be started, for whoever can."""
    await database.execute(_GIVE_BACK, _keys(claimed))


def _keys(jobs: Sequence[Dispatchable]) -> dict[str, list[str] | list[int]]:
    return {"ids": [job.id for job in jobs], "runs": [job.run for job in jobs]}
