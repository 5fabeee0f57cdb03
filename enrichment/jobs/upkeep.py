"""Keeping the table healthy: workers' signs of life, open rows whose workflow is gone, and rows past their keeping."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from enrichment.db import Database

KEEP_COMPLETED = 100
KEEP_FAILED = 50
"""The newest of these are kept, however old they are."""
CHECK_EVERY = timedelta(seconds=60)
"""How often the sweeper asks Temporal about an open row."""
DELETE_AT_ONCE = 500
"""Jobs per statement of a cleanup, so that it never holds many locks for long."""


ATTEMPT_AT_MOST = timedelta(minutes=6)
"""An attempt and the backoff after it. A run is past its deadline when all its attempts, and `GRACE`, could be over,
since it began, its queue was resumed, or what it waits for was due."""
GRACE = timedelta(minutes=30)
FORGOTTEN_AFTER = timedelta(minutes=1)
"""A row that no dispatcher has taken for so long is in a queue that nobody knows."""
CANCELLED_WITHIN = timedelta(minutes=10)
"""The sweeper looks after the workflows of rows that were cancelled in this time."""
ENDED_WITHIN = timedelta(days=7)
"""The sweeper looks for jobs that bulks which ended in this time have left open."""


@dataclass(frozen=True, slots=True)
class OpenRow:
    """An open row that was dispatched."""

    id: str
    run: int
    is_overdue: bool = False


_SEEN = text("""
    INSERT INTO enrichment_worker (id, slots, running) VALUES (:id, CAST(:slots AS jsonb), CAST(:running AS jsonb))
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), slots = excluded.slots, running = excluded.running
""")
_GONE = text("DELETE FROM enrichment_worker WHERE id = :id OR seen_at < now() - interval '1 hour'")
_UNCHECKED = text("""
    SELECT id, run, type <> 'bulk_candidate_enrichment' AND started_at IS NOT NULL AND paused_at IS NULL
                    AND greatest(started_at, resumed_at, retry_at)
                        < now() - (max_retries + 1) * CAST(:attempt AS interval) - CAST(:grace AS interval)
                    AS is_overdue
    FROM enrichment_job LEFT JOIN enrichment_queue USING (queue)
    WHERE status IN ('pending', 'in_progress') AND dispatched_at IS NOT NULL AND batch IS NULL
      AND checked_at < now() - CAST(:every AS interval)
    ORDER BY checked_at LIMIT :limit
""")
_CANCELLED = text("""
    SELECT id, run FROM enrichment_job
    WHERE status = 'cancelled' AND completed_at > now() - CAST(:within AS interval)
      AND completed_at < now() - interval '5 seconds' AND dispatched_at IS NOT NULL AND batch IS NULL
    ORDER BY completed_at DESC LIMIT :limit
""")
_HALF_ENDED = text("""
    SELECT id, run FROM enrichment_job AS bulk
    WHERE type = 'bulk_candidate_enrichment' AND status IN ('cancelled', 'failed')
      AND completed_at > now() - CAST(:within AS interval) AND completed_at < now() - interval '5 seconds'
      AND EXISTS (SELECT FROM enrichment_job AS child
                  WHERE child.parent_id = bulk.id AND child.status IN ('pending', 'in_progress')
                    AND child.batch IS NOT NULL)
    ORDER BY completed_at LIMIT :limit
""")
_FORGOTTEN = text("""
    SELECT id, run FROM enrichment_job
    WHERE status IN ('pending', 'in_progress') AND dispatched_at IS NULL AND run_at IS NULL
      AND queue <> ALL(CAST(:queues AS text[])) AND created_at < now() - CAST(:after AS interval)
    LIMIT :limit
""")
_CHECKED = text("""
    UPDATE enrichment_job AS job SET checked_at = now()
    FROM unnest(CAST(:ids AS text[]), CAST(:runs AS integer[])) AS row (id, run)
    WHERE job.id = row.id AND job.run = row.run
""")
_REDISPATCH = text("""
    UPDATE enrichment_job AS job SET dispatched_at = NULL, checked_at = NULL, claimed_at = NULL
    FROM unnest(CAST(:ids AS text[]), CAST(:runs AS integer[])) AS row (id, run)
    WHERE job.id = row.id AND job.run = row.run AND job.status IN ('pending', 'in_progress')
""")
_OLD = text("""
    SELECT id FROM enrichment_job AS job
    WHERE completed_at < now() - CAST(:age AS interval) AND parent_id IS NULL
      AND id <> ALL(CAST(:kept AS text[]))
      AND NOT EXISTS (SELECT FROM enrichment_job AS child
                      WHERE child.parent_id = job.id AND child.status IN ('pending', 'in_progress'))
    ORDER BY completed_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_DELETE = text("""
    WITH doomed AS (
        SELECT id FROM enrichment_job AS job
        WHERE id = ANY(CAST(:ids AS text[]))
          AND NOT EXISTS (SELECT FROM enrichment_job AS child
                          WHERE child.parent_id = job.id AND child.status IN ('pending', 'in_progress'))
    ), child AS (
        DELETE FROM enrichment_job WHERE parent_id IN (SELECT id FROM doomed) RETURNING id
    ), job AS (
        DELETE FROM enrichment_job WHERE id IN (SELECT id FROM doomed) RETURNING id
    )
    SELECT id FROM child UNION ALL SELECT id FROM job
""")
_NEWEST = text("""
    (SELECT id FROM enrichment_job
     WHERE status = 'completed' AND parent_id IS NULL AND completed_at IS NOT NULL
     ORDER BY completed_at DESC LIMIT :completed)
    UNION ALL
    (SELECT id FROM enrichment_job
     WHERE status = 'failed' AND parent_id IS NULL
     ORDER BY completed_at DESC LIMIT :failed)
""")
_FORGET_THROUGHPUT = text("DELETE FROM enrichment_throughput WHERE minute < now() - CAST(:age AS interval)")


async def worker_seen(database: Database, worker_id: str, slots: Mapping[str, int], running: Mapping[str, int]) -> None:
    """A worker says that it is alive, how many jobs it can run per band, and how many it runs."""
    parameters = {"id": worker_id, "slots": json.dumps(dict(slots)), "running": json.dumps(dict(running))}
    await database.execute(_SEEN, parameters)


async def worker_gone(database: Database, worker_id: str) -> None:
    """A worker says goodbye. Those that died without a word are forgotten with it, after an hour."""
    await database.execute(_GONE, {"id": worker_id})


async def unchecked(database: Database, limit: int) -> list[OpenRow]:
    """Open rows that nobody looked at for a while, the longest first."""
    parameters = {"every": CHECK_EVERY, "limit": limit, "attempt": ATTEMPT_AT_MOST, "grace": GRACE}
    rows = await database.execute(_UNCHECKED, parameters)
    return [OpenRow(row.id, row.run, row.is_overdue) for row in rows]


async def cancelled(database: Database, limit: int) -> list[OpenRow]:
    """Rows that were cancelled a while ago and whose workflows should have ended by now."""
    rows = await database.execute(_CANCELLED, {"within": CANCELLED_WITHIN, "limit": limit})
    return [OpenRow(row.id, row.run) for row in rows]


async def half_ended(database: Database, limit: int) -> list[OpenRow]:
    """Bulks that were cancelled or stopped with jobs that are still open: who was ending those has died."""
    rows = await database.execute(_HALF_ENDED, {"within": ENDED_WITHIN, "limit": limit})
    return [OpenRow(row.id, row.run) for row in rows]


async def forgotten(database: Database, known_queues: Sequence[str], limit: int) -> list[OpenRow]:
    """Rows in queues that no version of the worker which asks knows."""
    parameters = {"queues": list(known_queues), "after": FORGOTTEN_AFTER, "limit": limit}
    rows = await database.execute(_FORGOTTEN, parameters)
    return [OpenRow(row.id, row.run) for row in rows]


async def checked(database: Database, rows: Sequence[OpenRow]) -> None:
    """They were looked at, and have their next turn behind the others."""
    await database.execute(_CHECKED, _keys(rows))


async def redispatch(database: Database, rows: Sequence[OpenRow]) -> None:
    """Their workflows are gone: back into the outbox."""
    await database.execute(_REDISPATCH, _keys(rows))


async def delete_ended(database: Database, age: timedelta) -> list[str]:
    """Deletes up to `DELETE_AT_ONCE` jobs that ended longer than `age` ago, with their children; returns all their ids.

    The newest `KEEP_COMPLETED` completed and `KEEP_FAILED` failed jobs stay. A bulk's children go and stay with it.
    First it locks them, which a retry of one of a bulk's children waits for; then it looks again: a retry that was
    answered before that is not lost.
    """
    newest = await database.execute(_NEWEST, {"completed": KEEP_COMPLETED, "failed": KEEP_FAILED})
    kept = [row.id for row in newest]
    async with database.transaction() as connection:
        old = await connection.execute(_OLD, {"age": age, "kept": kept, "limit": DELETE_AT_ONCE})
        deleted = await connection.execute(_DELETE, {"ids": [row.id for row in old]})
        return [row.id for row in deleted]


async def forget_throughput(database: Database, age: timedelta) -> None:
    """Deletes the counts per minute older than `age`."""
    await database.execute(_FORGET_THROUGHPUT, {"age": age})


def _keys(rows: Sequence[OpenRow]) -> dict[str, list[str] | list[int]]:
    return {"ids": [row.id for row in rows], "runs": [row.run for row in rows]}
