"""What a bulk's lanes begin, and how that ends.

A lane takes its turns: one statement writes how its last jobs ended and begins the next ones, for as many lanes as have
their turn at the same time. What a lane has begun carries its number, so that nothing is lost with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB

from enrichment.db import Database
from enrichment.jobs.attempts import Work, work
from enrichment.jobs.transitions import FINISHED, RunEnding, endings
from enrichment.models import JobStatus


@dataclass(frozen=True, slots=True)
class Lane:
    """One slot's share of the bulk `bulk`."""

    bulk: str
    number: int


@dataclass(frozen=True, slots=True)
class Child:
    """A child that a lane has begun. `attempt` counts from 1, in this run. `is_new`: it was never begun before."""

    id: str
    run: int
    attempt: int
    work: Work
    is_new: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """What a lane brings: how its last jobs ended. And what it asks for: up to `at_most` children to run."""

    lane: int
    at_most: int
    ended: Sequence[RunEnding] = field(default=(), repr=False)


LAST = "g"
"""Behind every id: those are hexadecimal."""

_GOES_ON = """
    EXISTS (SELECT FROM enrichment_job AS bulk LEFT JOIN enrichment_queue AS paused USING (queue)
            WHERE bulk.id = :bulk AND bulk.run = :run AND bulk.status IN ('pending', 'in_progress')
              AND paused.paused_at IS NULL)
"""
"""Nothing begins of a bulk that has ended, or by a lane of its run before, nor in a paused queue."""
_TURNS = text(f"""
    WITH finished AS ({FINISHED}), asking AS (
        SELECT turn, lane, at_most, row_number() OVER (ORDER BY turn) AS place
        FROM unnest(CAST(:lanes AS smallint[]), CAST(:at_most AS integer[]))
            WITH ORDINALITY AS asked (lane, at_most, turn)
        WHERE at_most > 0
    ), due AS (
        SELECT id FROM enrichment_job
        WHERE parent_id = :bulk AND status = 'in_progress' AND batch IS NOT NULL AND retry_at <= clock_timestamp()
          AND {_GOES_ON}
        ORDER BY retry_at LIMIT (SELECT count(*) FROM asking) FOR UPDATE SKIP LOCKED
    ), share AS (
        SELECT turn, lane, sum(at_most) OVER (ORDER BY place) - at_most AS behind,
               sum(at_most) OVER (ORDER BY place) AS up_to
        FROM asking WHERE place > (SELECT count(*) FROM due)
    ), fresh AS (
        SELECT id FROM enrichment_job
        WHERE parent_id = :bulk AND status = 'pending' AND batch IS NOT NULL AND twin_of IS NULL
          AND id > :after AND id <= :until AND {_GOES_ON}
        ORDER BY id LIMIT (SELECT coalesce(max(up_to), 0) FROM share) FOR UPDATE SKIP LOCKED
    ), given AS (
        SELECT id, turn, lane FROM (SELECT id, row_number() OVER () AS place FROM due) AS placed
        JOIN asking USING (place)
        UNION ALL
        SELECT id, turn, lane FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM fresh) AS placed
        JOIN share ON place > behind AND place <= up_to
    ), begun AS (
        UPDATE enrichment_job AS job
        SET status = 'in_progress', lane = given.lane, started_at = coalesce(started_at, clock_timestamp()),
            retry_at = NULL,
            retry_count = retry_count + CASE WHEN status = 'in_progress' AND error_code IS NOT NULL THEN 1 ELSE 0 END
        FROM given
        WHERE job.id = given.id AND job.id = ANY (ARRAY(SELECT id FROM given))
        RETURNING job.id, run, old.status AS was, retry_count - retries_before_run + 1 AS attempt,
                  type, tenant, candidate_id, parent_id, priority, payload, options, max_retries,
                  result IS NOT NULL AS has_result, milestone, turn
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, status, coalesce(error_code, error) FROM finished
        UNION ALL SELECT id, run, was, 'in_progress', NULL FROM begun WHERE was = 'pending'
    )
    SELECT * FROM begun ORDER BY id
""").columns(payload=JSONB, options=JSONB)  # noqa: S608 both parts are constants
_GIVE_BACK = text("""
    UPDATE enrichment_job SET error_code = NULL, error = NULL, retry_at = clock_timestamp(), lane = NULL
    WHERE id = ANY (CAST(:ids AS text[])) AND status = 'in_progress' AND lane = :lane
""")
_TAKE_BACK = text("""
    WITH held AS (
        SELECT id, count(*) OVER () = 1 AND :spent AS is_spent FROM enrichment_job
        WHERE parent_id = :bulk AND status = 'in_progress' AND lane IS NOT NULL
          AND lane = coalesce(CAST(:lane AS smallint), lane)
          AND EXISTS (SELECT FROM enrichment_job AS bulk WHERE bulk.id = :bulk AND bulk.run = :run)
    )
    UPDATE enrichment_job AS job
    SET retry_at = clock_timestamp(), lane = NULL, error_code = CASE WHEN is_spent THEN 'internal' END,
        error = CASE WHEN is_spent THEN 'Its worker died' END
    FROM held WHERE job.id = held.id
    RETURNING job.id
""")
_NEXT_RETRY = text("""
    SELECT min(retry_at) - clock_timestamp() FROM enrichment_job
    WHERE parent_id = :bulk AND status = 'in_progress' AND batch IS NOT NULL AND retry_at IS NOT NULL
""")
_IS_ANYONE_WAITING = text("""
    SELECT EXISTS (
        SELECT FROM enrichment_job
        WHERE queue = (SELECT queue FROM enrichment_job WHERE id = :bulk) AND id <> :bulk
          AND batch IS NULL AND dispatched_at IS NOT NULL
          AND (status = 'pending'
               OR status = 'in_progress' AND (retry_at <= now() OR type = 'bulk_candidate_enrichment'))
    )
""")


async def take_turns(
    database: Database, bulk: str, run: int, turns: Sequence[Turn], *, after: str = "", until: str = LAST
) -> list[list[Child]]:
    """Ends what the lanes have run and begins what they run next: new children behind the id `after`, up to the id
    `until`, in their order; or for one lane, alone, one whose retry is due. Twins are left out. Of a bulk that has
    ended or begun another run, and in a paused queue, it begins none.

    Each ending counts for itself: that of a child which was cancelled meanwhile changes nothing.
    """
    parameters = {
        "endings": endings([ending for turn in turns for ending in turn.ended]), "bulk": bulk, "run": run,
        "lanes": [turn.lane for turn in turns], "at_most": [turn.at_most for turn in turns],
        "after": after, "until": until,
    }  # fmt: skip
    rows = (await database.execute(_TURNS, parameters)).all()
    begun: list[list[Child]] = [[] for _ in turns]
    for row, asked in zip(rows, await work(database, rows), strict=True):
        begun[row.turn - 1].append(Child(row.id, row.run, row.attempt, asked, row.was == JobStatus.PENDING))
    return begun


async def give_back(database: Database, lane: Lane, children: Sequence[Child]) -> None:
    """Children that were begun and not run, or were stopped, are due again at once; it counts as no attempt."""
    ids = [child.id for child in children]
    await database.execute(_GIVE_BACK, {"ids": ids, "lane": lane.number})


async def take_back(database: Database, bulk: str, run: int, lane: int | None = None, *, spent: bool = True) -> int:
    """What this lane, or any lane of the bulk, has begun and will not end any more is due again; how much that is.

    Of several children nobody knows which one its worker died of: they run again one by one, and for now it counts as
    an attempt of none. If it was one alone it counts, unless it was not `spent`.
    """
    return len((await database.execute(_TAKE_BACK, {"bulk": bulk, "run": run, "lane": lane, "spent": spent})).all())


async def next_retry_in(database: Database, bulk: str) -> timedelta | None:
    """How long until the first of the children that wait for a retry is due; None when none waits."""
    wait: timedelta | None = (await database.execute(_NEXT_RETRY, {"bulk": bulk})).scalar_one()
    return wait


async def is_anyone_waiting(database: Database, bulk: str) -> bool:
    """Whether other jobs may be waiting for the slots of this bulk's queue: one that is due, or another bulk."""
    waits: bool = (await database.execute(_IS_ANYONE_WAITING, {"bulk": bulk})).scalar_one()
    return waits
