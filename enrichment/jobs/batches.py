"""A bulk's jobs as a whole: whether those after the canaries follow, and what stops, ends or reopens them together."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from enrichment.db import Database
from enrichment.jobs import standings


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps jobs of an open bulk from running, if anything does."""

    run_at: datetime | None
    """None: the bulk is not put off."""
    behind: str | None
    """Jobs behind this id wait for an approval; None: none does."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """The candidates that run first, as far as they are: `until` is the id of the last of them."""

    until: str
    is_approved: bool


_FAIL_OPEN = text("""
    WITH bulk AS (
        SELECT id FROM enrichment_job
        WHERE id = :parent_id AND run = :run AND status IN ('pending', 'in_progress') FOR UPDATE
    ), child AS (
        UPDATE enrichment_job
        SET status = 'failed', completed_at = clock_timestamp(), retry_at = NULL, lane = NULL, result = NULL,
            error_code = 'internal', error = 'Its bulk ended without it'
        WHERE parent_id = :parent_id AND batch IS NOT NULL AND status IN ('pending', 'in_progress')
          AND EXISTS (SELECT FROM bulk)
        RETURNING id, run, old.status AS was
    )
    INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
    SELECT id, run, was, 'failed', 'internal' FROM child
""")
_STOP = text("""
    WITH bulk AS (
        UPDATE enrichment_job
        SET status = 'failed', completed_at = clock_timestamp(), result = NULL, error = :error,
            error_code = (SELECT error_code FROM enrichment_job WHERE parent_id = :bulk AND status = 'failed'
                          GROUP BY error_code ORDER BY count(*) DESC LIMIT 1)
        WHERE id = :bulk AND run = :run AND status = 'in_progress'
        RETURNING id, run, error_code
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, 'in_progress', 'failed', error_code FROM bulk
    )
    SELECT id FROM bulk
""")
_CANCEL_OPEN = text("""
    WITH bulk AS (
        SELECT id, CASE status WHEN 'cancelled' THEN error ELSE 'Its bulk was stopped: too many failed' END AS why
        FROM enrichment_job WHERE id = :bulk AND run = :run AND status IN ('cancelled', 'failed')
    ), open AS (
        SELECT id FROM enrichment_job
        WHERE parent_id = (SELECT id FROM bulk) AND status IN ('pending', 'in_progress') AND batch IS NOT NULL
        LIMIT :at_once FOR UPDATE SKIP LOCKED
    ), child AS (
        UPDATE enrichment_job AS job
        SET status = 'cancelled', completed_at = clock_timestamp(), retry_at = NULL, lane = NULL, error_code = NULL,
            result = NULL, error = (SELECT why FROM bulk)
        FROM open WHERE job.id = open.id
        RETURNING job.id, job.run, old.status AS was, job.error
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, 'cancelled', error FROM child
    )
    SELECT count(*) FROM child
""")
_HAS_OPEN = text("""
    SELECT EXISTS (
        SELECT FROM enrichment_job WHERE status IN ('pending', 'in_progress') AND batch IS NOT NULL AND parent_id = (
            SELECT id FROM enrichment_job WHERE id = :bulk AND run = :run AND status IN ('cancelled', 'failed'))
    )
""")
_REOPEN = text("""
    WITH ended AS (
        SELECT id FROM enrichment_job
        WHERE parent_id = (
                SELECT id FROM enrichment_job WHERE id = :bulk AND run = :run AND status IN ('pending', 'in_progress'))
          AND status IN ('failed', 'cancelled') AND completed_at < (
                SELECT max(at) FROM enrichment_event WHERE job_id = :bulk AND run = :run AND to_status = 'pending')
        LIMIT :at_once FOR UPDATE SKIP LOCKED
    ), child AS (
        UPDATE enrichment_job AS job
        SET run = run + 1, status = 'pending', retry_count = retry_count + 1, retries_before_run = retry_count + 1,
            error = NULL, error_code = NULL, result = NULL, started_at = NULL, completed_at = NULL, retry_at = NULL,
            lane = NULL, claimed_at = NULL, dispatched_at = now(), checked_at = NULL, batch = coalesce(batch, 0),
            milestone = 0, provider = NULL, model = NULL
        FROM ended WHERE job.id = ended.id
        RETURNING job.id, job.run, old.status AS was
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, 'pending', 'retry' FROM child
    )
    SELECT count(*) FROM child
""")
AT_ONCE = 1_000
"""Of a bulk's jobs so many change together: soon done, and nobody who waits for one of them waits for all."""
LOOK_AGAIN_S = 0.05
LOOK_AGAIN_AT_LAST_S = 1.0
"""A lane is soon done with a job that it holds; whoever else holds one is not asked about it twenty times a second."""
_LAST_CANARY = """
    CASE WHEN bulk.options ? 'canary' THEN (
        SELECT child.id FROM enrichment_job AS child WHERE child.parent_id = bulk.id
        ORDER BY child.id OFFSET CAST(bulk.options ->> 'canary' AS integer) - 1 LIMIT 1) END
"""
HELD_BEHIND = f"CASE WHEN NOT bulk.payload ? 'approved' THEN {_LAST_CANARY} END"
"""Of the row `bulk`: the last of its canaries while nobody has let the others follow, else NULL."""
_CANARIES = text(f"""
    SELECT {_LAST_CANARY} AS until, bulk.payload ? 'approved' AS is_approved
    FROM enrichment_job AS bulk WHERE bulk.id = :bulk
""")  # noqa: S608 all parts are constants
_HOLDS = text(f"""
    SELECT id, CASE status WHEN 'pending' THEN run_at END AS run_at, {HELD_BEHIND} AS behind
    FROM enrichment_job AS bulk
    WHERE id = ANY (CAST(:bulks AS text[])) AND status IN ('pending', 'in_progress')
""")  # noqa: S608 all parts are constants
_JUDGE = text("""
    UPDATE enrichment_job AS bulk SET payload = payload || '{"approved": "auto"}'
    WHERE id = :bulk AND run = :run AND options ->> 'canaryApproval' = 'auto' AND NOT EXISTS (
        SELECT FROM enrichment_job AS child WHERE child.parent_id = bulk.id AND child.id <= :until
          AND (child.status <> 'completed'
               OR coalesce(CAST(child.result #>> '{faithfulness,score}' AS double precision), 0) < 1)
    )
""")
_APPROVE = text("""
    UPDATE enrichment_job SET payload = payload || '{"approved": "manual"}'
    WHERE id = :bulk AND tenant = :tenant AND status IN ('pending', 'in_progress') AND options ? 'canary'
      AND NOT payload ? 'approved'
    RETURNING run
""")


async def fail_open(database: Database, parent_id: str, run: int) -> None:
    """Fails the children that no lane will run any more, because their bulk is about to end.

    Those of a cancelled bulk are left to `cancel_open`: its lanes may know of the cancel before its workflow does.
    """
    await database.execute(_FAIL_OPEN, {"parent_id": parent_id, "run": run})


async def stop(database: Database, bulk: str, run: int, why: str) -> bool:
    """Fails a bulk with the code that most of its failures have; `cancel_open` is to follow. False: it had ended."""
    return (await database.execute(_STOP, {"bulk": bulk, "run": run, "error": why})).first() is not None


async def cancel_open(database: Database, bulk: str, run: int) -> None:
    """Cancels what is open of the jobs of a bulk that was cancelled or stopped; does nothing once it is retried.

    It takes those that nobody holds, and comes again for the others: a lane may be writing how they ended. When all
    have ended, the bulk's row says how many of them how.
    """
    parameters, pause_s = {"bulk": bulk, "run": run}, LOOK_AGAIN_S
    while True:
        if (await database.execute(_CANCEL_OPEN, parameters | {"at_once": AT_ONCE})).scalar_one():
            pause_s = LOOK_AGAIN_S
            continue
        if not (await database.execute(_HAS_OPEN, parameters)).scalar_one():
            await standings.tally_last(database, bulk, run)
            return
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LOOK_AGAIN_AT_LAST_S)


async def reopen(database: Database, bulk: str, run: int) -> None:
    """Makes pending again what had failed or was cancelled before this run of the bulk was asked for."""
    parameters = {"bulk": bulk, "run": run, "at_once": AT_ONCE}
    while (await database.execute(_REOPEN, parameters)).scalar_one():
        pass


async def canaries(database: Database, bulk: str) -> Canaries | None:
    """None: the bulk has no canaries, or no other candidates."""
    row = (await database.execute(_CANARIES, {"bulk": bulk})).one()
    return None if row.until is None else Canaries(row.until, row.is_approved)


async def holds(database: Database, bulks: Sequence[str]) -> dict[str, Hold]:
    """Of those of the bulks that are open, by id."""
    rows = await database.execute(_HOLDS, {"bulks": list(bulks)})
    return {row.id: Hold(row.run_at, row.behind) for row in rows}


async def judge(database: Database, bulk: str, run: int, until: str) -> None:
    """Approves a bulk all of whose canaries are completed and faithful, unless a person wants to decide."""
    await database.execute(_JUDGE, {"bulk": bulk, "run": run, "until": until})


async def approve(database: Database, tenant: str, bulk: str) -> int | None:
    """A person lets the other candidates follow; its run. None: there is no bulk that waits for that."""
    run: int | None = (await database.execute(_APPROVE, {"bulk": bulk, "tenant": tenant})).scalar()
    return run
