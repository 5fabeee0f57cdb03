"""What a bulk need not do twice: equal candidates are known by their hash, and a result says whose it was."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# As in 0006, and of the completed those that were skipped.
_SUMS = """
CREATE OR REPLACE FUNCTION enrichment_bulk_sums(bulk text) RETURNS jsonb STABLE LANGUAGE sql AS $$
    WITH child AS (
        SELECT status, error_code, count(*) AS jobs, min(id) AS example, sum(input_tokens) AS input_tokens,
               sum(output_tokens) AS output_tokens, sum(cost_usd) AS cost_usd,
               count(*) FILTER (WHERE input_tokens IS NOT NULL AND cost_usd IS NULL) AS unpriced{skips}
        FROM enrichment_job WHERE parent_id = bulk GROUP BY status, error_code
    ), failed AS (
        SELECT error_code, jobs, example FROM child WHERE status = 'failed' ORDER BY jobs DESC, error_code
    ), whole AS (
        SELECT CASE WHEN sum(unpriced) = 0 THEN coalesce(sum(cost_usd), 0) END AS cost_usd FROM child
    )
    SELECT jsonb_build_object(
        'total', coalesce(sum(jobs), 0),
        'completed', coalesce(sum(jobs) FILTER (WHERE status = 'completed'), 0),
        'failed', coalesce(sum(jobs) FILTER (WHERE status = 'failed'), 0),
        'cancelled', coalesce(sum(jobs) FILTER (WHERE status = 'cancelled'), 0),{shown}
        'failedJobIds', (
            SELECT coalesce(jsonb_agg(id), '[]') FROM (
                SELECT id FROM enrichment_job WHERE parent_id = bulk AND status = 'failed' ORDER BY id LIMIT 1000
            ) AS first
        ),
        'errorGroups', (
            SELECT coalesce(jsonb_agg(
                jsonb_build_object('errorCode', error_code, 'count', jobs, 'exampleJobId', example)), '[]')
            FROM failed
        ),
        'usage', jsonb_build_object(
            'inputTokens', coalesce(sum(input_tokens), 0), 'outputTokens', coalesce(sum(output_tokens), 0),
            'costUsd', (SELECT cost_usd FROM whole))
    ) FROM child
$$
"""
SUMS = _SUMS.format(
    skips=", count(*) FILTER (WHERE reused_from IS NOT NULL AND twin_of IS NULL) AS skipped",
    shown="""
        'skipped', coalesce(sum(skipped), 0),
        'cost', (SELECT cost_usd FROM whole),""",
)
SUMS_BEFORE = _SUMS.format(skips="", shown="")

UP = (
    """ALTER TABLE enrichment_job
       ADD COLUMN input_hash text, ADD COLUMN twin_of text, ADD COLUMN reused_from text""",
    """CREATE INDEX job_twins ON enrichment_job (parent_id, id)
       WHERE status = 'pending' AND twin_of IS NOT NULL""",
    SUMS,
)
DOWN = (
    SUMS_BEFORE,
    "DROP INDEX job_twins",
    "ALTER TABLE enrichment_job DROP COLUMN reused_from, DROP COLUMN twin_of, DROP COLUMN input_hash",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
