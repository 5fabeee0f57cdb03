"""What models cost: usage by attempt and by day, budgets and their reservations, and the sums of a bulk."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_USED = """requests      {count} NOT NULL,
        reused        {count} NOT NULL,
        unreported    {count} NOT NULL,
        unpriced      {count} NOT NULL,
        input_tokens  bigint NOT NULL,
        output_tokens bigint NOT NULL,
        cost_usd      numeric NOT NULL,"""
TABLES = (
    "ALTER TABLE enrichment_job ALTER COLUMN input_tokens TYPE bigint, ALTER COLUMN output_tokens TYPE bigint",
    f"""
    CREATE TABLE enrichment_usage (
        job_id        text NOT NULL REFERENCES enrichment_job (id) ON DELETE CASCADE,
        run           integer NOT NULL,
        attempt       integer NOT NULL,
        provider      text NOT NULL,
        model         text NOT NULL,
        {_USED.format(count="integer")}
        PRIMARY KEY (job_id, run, attempt, provider, model)
    )
    """,
    f"""
    CREATE TABLE enrichment_spend (
        tenant        text NOT NULL,
        day           date NOT NULL,
        provider      text NOT NULL,
        model         text NOT NULL,
        {_USED.format(count="bigint")}
        PRIMARY KEY (tenant, day, provider, model)
    )
    """,
    """
    CREATE TABLE enrichment_budget (
        id           text PRIMARY KEY,
        tenant       text NOT NULL,
        job_id       text REFERENCES enrichment_job (id) ON DELETE CASCADE,
        spent_usd    numeric NOT NULL,
        reserved_usd numeric NOT NULL
    )
    """,
    "CREATE INDEX budget_job ON enrichment_budget (job_id) WHERE job_id IS NOT NULL",
    """
    CREATE TABLE enrichment_reservation (
        id         text PRIMARY KEY,
        budgets    text[] NOT NULL,
        usd        numeric NOT NULL,
        expires_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX reservation_expires ON enrichment_reservation (expires_at)",
)

# A cost that nobody knows makes the sum unknown. A job that has used nothing yet has neither cost nor tokens.
_BULK_SUMS = """
CREATE OR REPLACE FUNCTION enrichment_bulk_sums(bulk text) RETURNS jsonb STABLE LANGUAGE sql AS $$
    WITH child AS (
        SELECT status, error_code, count(*) AS jobs, min(id) AS example{sums}
        FROM enrichment_job WHERE parent_id = bulk GROUP BY status, error_code
    ), failed AS (
        SELECT error_code, jobs, example FROM child WHERE status = 'failed' ORDER BY jobs DESC, error_code
    )
    SELECT jsonb_build_object(
        'total', coalesce(sum(jobs), 0),
        'completed', coalesce(sum(jobs) FILTER (WHERE status = 'completed'), 0),
        'failed', coalesce(sum(jobs) FILTER (WHERE status = 'failed'), 0),
        'cancelled', coalesce(sum(jobs) FILTER (WHERE status = 'cancelled'), 0),
        'failedJobIds', (
            SELECT coalesce(jsonb_agg(id), '[]') FROM (
                SELECT id FROM enrichment_job WHERE parent_id = bulk AND status = 'failed' ORDER BY id LIMIT 1000
            ) AS first
        ),
        'errorGroups', (
            SELECT coalesce(jsonb_agg(
                jsonb_build_object('errorCode', error_code, 'count', jobs, 'exampleJobId', example)), '[]')
            FROM failed
        ){shown}
    ) FROM child
$$
"""
_SUMS = """, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, sum(cost_usd) AS cost_usd,
               count(*) FILTER (WHERE input_tokens IS NOT NULL AND cost_usd IS NULL) AS unpriced"""
_SHOWN = """,
        'usage', jsonb_build_object(
            'inputTokens', coalesce(sum(input_tokens), 0), 'outputTokens', coalesce(sum(output_tokens), 0),
            'costUsd', CASE WHEN sum(unpriced) = 0 THEN coalesce(sum(cost_usd), 0) END)"""
_SUM_AGAIN = """
CREATE OR REPLACE FUNCTION enrichment_sum_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM enrichment_job WHERE id = NEW.parent_id AND status = 'completed' FOR UPDATE;
    IF FOUND THEN
        UPDATE enrichment_job SET {assignments} WHERE id = NEW.parent_id;
    END IF;
    RETURN NULL;
END $$
"""
_WITH_USAGE = """(result, input_tokens, output_tokens, cost_usd) = (
            SELECT sums, CAST(sums #>> '{usage,inputTokens}' AS bigint),
                   CAST(sums #>> '{usage,outputTokens}' AS bigint),
                   CAST(sums #>> '{usage,costUsd}' AS double precision)
            FROM enrichment_bulk_sums(NEW.parent_id) AS sums)"""
UP = (*TABLES, _BULK_SUMS.format(sums=_SUMS, shown=_SHOWN), _SUM_AGAIN.format(assignments=_WITH_USAGE))
DOWN = (
    _SUM_AGAIN.format(assignments="result = enrichment_bulk_sums(id)"),
    _BULK_SUMS.format(sums="", shown=""),
    "DROP TABLE enrichment_reservation, enrichment_budget, enrichment_spend, enrichment_usage",
    "ALTER TABLE enrichment_job ALTER COLUMN input_tokens TYPE integer, ALTER COLUMN output_tokens TYPE integer",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
