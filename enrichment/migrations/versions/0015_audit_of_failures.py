"""The audit tells also of a run without a result which models had been asked for it, and what they were paid."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_AUDIT = """
    CREATE OR REPLACE FUNCTION enrichment_audit_act() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO enrichment_audit (tenant, job_id, run, act, actor, type, input_hash, provider, model,
                                      prompt_version, taxonomy_version, usage, faithfulness, error_code, changed_fields)
        SELECT NEW.tenant, NEW.id, NEW.run, coalesce(NEW.review, NEW.status), coalesce(NEW.reviewed_by, 'system'),
               NEW.type, enrichment_input_hash(coalesce(
                   CASE jsonb_typeof(NEW.payload) WHEN 'string' THEN to_jsonb(NEW.input_hash) END, NEW.payload)),
               {made_with},
               CAST(said.faithfulness ->> 'score' AS double precision), NEW.error_code,
               (SELECT coalesce(sum(changed), 0) FROM enrichment_review_edits
                WHERE job_id = NEW.id AND run = NEW.run HAVING NEW.review IS NOT NULL)
        FROM jsonb_to_record(coalesce(NEW.result, '{{}}')) AS said (
            "promptVersion" text, "taxonomyVersion" text, usage jsonb, faithfulness jsonb){asked};
        RETURN NULL;
    END $$
"""
AUDIT = _AUDIT.format(
    made_with="""coalesce(NEW.provider, asked.provider), coalesce(NEW.model, asked.model),
               said."promptVersion", said."taxonomyVersion", coalesce(said.usage, asked.usage)""",
    asked="""
        CROSS JOIN LATERAL (
            SELECT string_agg(DISTINCT provider, ',') AS provider, string_agg(DISTINCT model, ',') AS model,
                   CASE WHEN count(*) > 0 THEN jsonb_build_object(
                       'requests', sum(requests), 'inputTokens', sum(input_tokens), 'outputTokens', sum(output_tokens),
                       'costUsd', CASE WHEN sum(unpriced) = 0 THEN sum(cost_usd) END,
                       'usageReported', sum(unreported) = 0, 'cached', sum(requests) = 0) END AS usage
            FROM enrichment_usage WHERE job_id = NEW.id AND run = NEW.run AND said.usage IS NULL
        ) AS asked""",
)
AUDIT_BEFORE = _AUDIT.format(
    made_with='NEW.provider, NEW.model, said."promptVersion", said."taxonomyVersion", said.usage', asked=""
)


def upgrade() -> None:
    op.execute(AUDIT)


def downgrade() -> None:
    op.execute(AUDIT_BEFORE)
