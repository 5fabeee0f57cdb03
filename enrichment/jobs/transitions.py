"""Changes of a job's state, each one guarded statement that also writes the event: whichever commits first wins.

    pending ──begin──▶ in_progress ──finish──▶ completed | failed | cancelled
       └──────────────cancel──────────────────▶ cancelled
    failed | cancelled | completed, but rejected in review ──retry──▶ pending, as the next run
    completed, but a bulk with failed or cancelled jobs ────retry──▶ pending, as the next run, which runs those

What happens while it is in progress, and `begin` itself, is in `attempts`.

A statement that finds another run or another state changes nothing and says so: its caller's work is superseded.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from enrichment.db import Database
from enrichment.jobs.outbox import TELL
from enrichment.models import JSON, JobStatus


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ends. `result`, sealed like its candidate, is left out where it was saved before."""

    status: JobStatus
    error_code: str | None = None
    error: str | None = None
    result: JSON | None = field(default=None, repr=False)
    milestone: int = 0
    """The percentage that a run which failed had reached."""


@dataclass(frozen=True, slots=True)
class RunEnding:
    """Which run ends, and how."""

    id: str
    run: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Changed:
    """A job whose state this statement changed."""

    id: str
    run: int
    type: str
    was: JobStatus
    parent_id: str | None
    batch: int | None
    may_have_workflow: bool
    """It is dispatched, or about to be."""
    attempt: int
    """The last attempt of the run, from 1."""


_MAY_HAVE_WORKFLOW = "dispatched_at IS NOT NULL OR claimed_at IS NOT NULL AS may_have_workflow"
FINISHED = f"""
    UPDATE enrichment_job AS job
    SET status = ending.status, completed_at = clock_timestamp(), retry_at = NULL, lane = NULL,
        error_code = ending.error_code, error = ending.error, milestone = greatest(job.milestone, ending.milestone),
        result = CASE ending.status WHEN 'completed' THEN coalesce(ending.result, job.result) END,
        provider = coalesce(ending.provider, job.provider), model = coalesce(ending.model, job.model),
        input_tokens = coalesce(job.input_tokens, ending.input_tokens),
        output_tokens = coalesce(job.output_tokens, ending.output_tokens),
        cost_usd = CASE WHEN job.input_tokens IS NULL THEN ending.cost_usd ELSE job.cost_usd END
    FROM jsonb_to_recordset(CAST(:endings AS jsonb)) AS ending (
        id text, run integer, status text, error_code text, error text, result jsonb, provider text, model text,
        input_tokens bigint, output_tokens bigint, cost_usd double precision, milestone smallint
    )
    WHERE job.id = ending.id AND job.run = ending.run AND job.status IN ('pending', 'in_progress')
    RETURNING job.id, job.run, job.type, old.status AS was, job.status, job.error_code, job.error, job.parent_id,
              job.batch, job.retry_count - job.retries_before_run + 1 AS attempt, {_MAY_HAVE_WORKFLOW}
"""  # noqa: S608 the part is a constant
"""Ends any number of runs: `:endings` is what `endings` makes of them. What calls to models have used is counted when
they end (`enrichment.spending`), for each attempt; an ending only tells of it where there were no calls.
"""
_FINISH = text(f"""
    WITH job AS ({FINISHED}), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, status, coalesce(error_code, error) FROM job
    )
    SELECT * FROM job
""")  # noqa: S608 both parts are constants
_CANCEL = text(f"""
    WITH job AS (
        UPDATE enrichment_job
        SET status = 'cancelled', completed_at = clock_timestamp(), retry_at = NULL, lane = NULL, error_code = NULL,
            result = NULL, error = :reason
        WHERE id = :id AND tenant = :tenant AND status IN ('pending', 'in_progress')
        RETURNING id, run, type, old.status AS was, parent_id, batch,
                  retry_count - retries_before_run + 1 AS attempt, {_MAY_HAVE_WORKFLOW}
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, 'cancelled', :reason FROM job
    )
    SELECT * FROM job
""")  # noqa: S608 the part is a constant
_RETRIABLE = """
    job.id = :id AND job.tenant = :tenant AND (
        status IN ('failed', 'cancelled') OR status = 'completed' AND review = 'rejected'
        OR status = 'completed' AND type = 'bulk_candidate_enrichment'
           AND EXISTS (SELECT FROM enrichment_job AS child
                       WHERE child.parent_id = job.id AND child.status IN ('failed', 'cancelled')))
"""
_RETRY = text(f"""
    WITH parent AS (
        SELECT id, status FROM enrichment_job
        WHERE id = (SELECT parent_id FROM enrichment_job WHERE id = :id) FOR SHARE  -- a cleanup may be deleting it
    ), job AS (
        UPDATE enrichment_job AS job
        SET run = run + 1, status = 'pending', retry_count = retry_count + 1, retries_before_run = retry_count + 1,
            error = NULL, error_code = NULL, result = NULL, started_at = NULL, completed_at = NULL, retry_at = NULL,
            lane = NULL, run_at = NULL, claimed_at = NULL, dispatched_at = NULL, checked_at = NULL, batch = NULL,
            answers_since = CASE review WHEN 'rejected' THEN reviewed_at ELSE answers_since END,
            review = NULL, reviewed_at = NULL, reviewed_by = NULL, milestone = 0,
            payload = CASE type WHEN 'bulk_candidate_enrichment' THEN payload - 'standing' ELSE payload END,
            (input_tokens, output_tokens, cost_usd) = (
                SELECT input_tokens, output_tokens, cost_usd WHERE type <> 'bulk_candidate_enrichment'),
            provider = NULL, model = NULL
        WHERE {_RETRIABLE}
          AND (parent_id IS NULL OR EXISTS (SELECT FROM parent WHERE status NOT IN ('pending', 'in_progress')))
        RETURNING id, run, type, old.status AS was, parent_id, batch,
                  retry_count - retries_before_run + 1 AS attempt, {_MAY_HAVE_WORKFLOW}
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, was, 'pending', 'retry' FROM job
    ), told AS ({TELL} FROM job)
    SELECT job.* FROM job CROSS JOIN (SELECT count(*) FROM told) AS hint
""")  # noqa: S608 both parts are constants
_REOPENED = text(f"""
    SELECT 1 + (SELECT count(*) FROM enrichment_job AS child
                WHERE child.parent_id = job.id AND child.status IN ('failed', 'cancelled')) AS jobs
    FROM enrichment_job AS job WHERE {_RETRIABLE}
""")  # noqa: S608 the part is a constant


async def finish(database: Database, job_id: str, run: int, outcome: Outcome) -> Changed | None:
    """The run ends. None: it had ended before, and that end stands."""
    parameters = {"endings": endings([RunEnding(job_id, run, outcome)])}
    return _changed((await database.execute(_FINISH, parameters)).first())


async def cancel(database: Database, tenant: str, job_id: str, reason: str) -> Changed | None:
    """Cancels an open job. None: there is no such open job.

    Of a bulk nothing begins any more from then on; what is open of its jobs is for `batches.cancel_open` to end.
    """
    return _changed((await database.execute(_CANCEL, {"id": job_id, "tenant": tenant, "reason": reason})).first())


async def retry(database: Database, tenant: str, job_id: str) -> Changed | None:
    """Makes a failed, cancelled or rejected job pending again as its next run.

    A bulk also where it is completed and one of its jobs is not. Those that are not are for `batches.reopen` to make
    pending, when the run begins.

    None: there is no such job in these states, or it belongs to a bulk that still runs.
    """
    return _changed((await database.execute(_RETRY, {"id": job_id, "tenant": tenant})).first())


async def reopened(database: Database, tenant: str, job_id: str) -> int:
    """How many jobs a retry would open: of a bulk, those that are not completed too. 0: there is none to retry."""
    return (await database.execute(_REOPENED, {"id": job_id, "tenant": tenant})).scalar() or 0


def endings(ended: Sequence[RunEnding]) -> str:
    """What `FINISHED` takes, as JSON."""
    return json.dumps([
        {
            "id": one.id,
            "run": one.run,
            "status": one.outcome.status,
            "error_code": one.outcome.error_code,
            "error": one.outcome.error,
            "milestone": one.outcome.milestone,
            **columns(one.outcome.result),
        }
        for one in ended
    ])  # fmt: skip


def columns(result: JSON | None) -> dict[str, Any]:
    """The columns that hold an enrichment's answer and what it cost; all empty where there is none."""
    answer = result or {}
    usage = answer.get("usage", {})
    return {
        "result": result,
        "provider": answer.get("provider"),
        "model": answer.get("model"),
        "input_tokens": usage.get("inputTokens"),
        "output_tokens": usage.get("outputTokens"),
        "cost_usd": usage.get("costUsd"),
    }


def _changed(row: Any) -> Changed | None:
    if row is None:
        return None
    return Changed(
        row.id,
        row.run,
        row.type,
        JobStatus(row.was),
        row.parent_id,
        row.batch,
        row.may_have_workflow,
        row.attempt,
    )
