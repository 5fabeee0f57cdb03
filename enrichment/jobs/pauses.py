"""Paused queues: what runs there is finished, nothing new starts, what is accepted waits. Rows outlive processes.

Three places ask, each within a statement that it makes anyway: the claim of the dispatcher; and, for what was
dispatched before the pause, the begin of an attempt and the turn of a bulk's lane.
"""

from datetime import datetime, timedelta

from sqlalchemy import text

from enrichment.db import Database
from enrichment.jobs.outbox import TELL

JUST_NOW = timedelta(seconds=5)
"""Longer than from the statement that began nothing, because of a pause, to the question whether there is one."""

_PAUSE = text("""
    INSERT INTO enrichment_queue AS queue (queue, paused_at) VALUES (:queue, now())
    ON CONFLICT (queue) DO UPDATE SET paused_at = coalesce(queue.paused_at, now())
""")
_RESUME = text(f"""
    WITH resumed AS (
        UPDATE enrichment_queue SET paused_at = NULL, resumed_at = now() WHERE queue = :queue AND paused_at IS NOT NULL
        RETURNING queue
    )
    {TELL} FROM resumed
""")  # noqa: S608 both parts are constants
_PAUSED = text("SELECT queue, paused_at FROM enrichment_queue WHERE paused_at IS NOT NULL")
_IS_HELD = text("""
    SELECT 1 FROM enrichment_job AS job JOIN enrichment_queue AS queue USING (queue)
    WHERE job.id = :id AND job.status IN ('pending', 'in_progress')
      AND (queue.paused_at IS NOT NULL OR queue.resumed_at > clock_timestamp() - CAST(:just_now AS interval))
""")


async def pause(database: Database, queue: str) -> None:
    """Pauses a task queue; one that is paused stays so since when it was."""
    await database.execute(_PAUSE, {"queue": queue})


async def resume(database: Database, queue: str) -> None:
    """Lets a task queue go on; one that is not paused does so anyway."""
    await database.execute(_RESUME, {"queue": queue})


async def paused(database: Database) -> dict[str, datetime]:
    """The task queues that are paused, and since when."""
    return {row.queue: row.paused_at for row in await database.execute(_PAUSED)}


async def is_held(database: Database, job_id: str) -> bool:
    """Whether this job, or bulk, is open and its queue is paused, or was until just now.

    Without the margin, an attempt that was refused by a pause which has just ended would take the job for superseded.
    """
    return (await database.execute(_IS_HELD, {"id": job_id, "just_now": JUST_NOW})).first() is not None
