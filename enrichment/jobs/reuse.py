"""Results that need not be made twice: of a bulk's equal candidates, and of candidates that have not changed.

The database copies them. A job that takes over a result has ended like any other, names whose result it is, and has
used nothing.
"""

from collections.abc import Sequence

from sqlalchemy import text

from enrichment.db import Database
from enrichment.results import Recipe

AT_ONCE = 200
_COPIED = """
        UPDATE enrichment_job AS job
        SET status = 'completed', started_at = coalesce(job.started_at, clock_timestamp()),
            completed_at = clock_timestamp(), retry_at = NULL, lane = NULL, error_code = NULL, error = NULL,
            reused_from = source.id, provider = source.provider, model = source.model,
            input_tokens = 0, output_tokens = 0, cost_usd = 0,
            result = source.result || jsonb_build_object('usage', coalesce(source.result -> 'usage', '{}')
                || '{"requests": 0, "inputTokens": 0, "outputTokens": 0, "costUsd": 0}')
        FROM pair JOIN enrichment_job AS source ON source.id = pair.source
        WHERE job.id = pair.id AND source.status = 'completed'
        RETURNING job.id, job.run, old.status AS was, job.reused_from
    ), document AS (
        INSERT INTO enrichment_document (job_id, format, run, content)
        SELECT copied.id, document.format, copied.run, document.content
        FROM copied JOIN enrichment_document AS document ON document.job_id = copied.reused_from
        ON CONFLICT (job_id, format) DO UPDATE
            SET run = excluded.run, content = excluded.content, created_at = excluded.created_at
    ), event AS (
        INSERT INTO enrichment_event (job_id, run, from_status, to_status, reason)
        SELECT id, run, 'pending', 'in_progress', NULL FROM copied WHERE was = 'pending'
        UNION ALL SELECT id, run, 'in_progress', 'completed', 'reused' FROM copied
"""
_TWINS = text(f"""
    WITH pair AS (
        SELECT twin.id, first.id AS source, coalesce(first.status = 'completed', false) AS has_result
        FROM enrichment_job AS twin LEFT JOIN enrichment_job AS first ON first.id = twin.twin_of
        WHERE twin.parent_id = :bulk AND twin.status = 'pending' AND twin.twin_of IS NOT NULL
          AND (first.id IS NULL OR first.status IN ('completed', 'failed', 'cancelled'))
        ORDER BY twin.id LIMIT :at_once FOR UPDATE OF twin SKIP LOCKED
    ), freed AS (
        UPDATE enrichment_job AS job SET twin_of = NULL FROM pair WHERE job.id = pair.id AND NOT pair.has_result
    ), copied AS ({_COPIED})
    SELECT count(*) FROM pair
""")  # noqa: S608 both parts are constants
_UNCHANGED = text(f"""
    WITH pair AS (
        SELECT job.id, last.id AS source
        FROM enrichment_job AS job CROSS JOIN LATERAL (
            SELECT * FROM enrichment_job AS before
            WHERE before.candidate_id = job.candidate_id AND before.type = job.type AND before.tenant = job.tenant
              AND before.status = 'completed' AND before.id <> job.id AND before.review IS DISTINCT FROM 'rejected'
            ORDER BY before.completed_at DESC LIMIT 1
        ) AS last
        WHERE job.id = ANY (CAST(:ids AS text[])) AND job.status = 'in_progress'
          AND last.input_hash = job.input_hash AND last.provider = :provider AND last.model = :model
          AND last.result ->> 'promptVersion' IS NOT DISTINCT FROM CAST(:prompt_version AS text)
          AND last.result ->> 'taxonomyVersion' = :taxonomy_version
    ), copied AS ({_COPIED})
    SELECT id FROM copied
""")  # noqa: S608 both parts are constants


async def settle_twins(database: Database, bulk: str) -> bool:
    """Gives the twins of jobs that have ended their result; where there is none they are to run by themselves.

    So for `AT_ONCE` of them; false when there was none.
    """
    settled: int = (await database.execute(_TWINS, {"bulk": bulk, "at_once": AT_ONCE})).scalar_one()
    return settled > 0


async def reuse_unchanged(database: Database, job_ids: Sequence[str], recipe: Recipe) -> set[str]:
    """Of these jobs in progress, completes those whose candidate's last completed job of the type was made of the same
    data by the same recipe; returns them.
    """
    parameters = {
        "ids": list(job_ids),
        "provider": recipe.provider,
        "model": recipe.model,
        "prompt_version": recipe.prompt_version,
        "taxonomy_version": recipe.taxonomy_version,
    }
    return {row.id for row in await database.execute(_UNCHANGED, parameters)}
