"""Keys of candidates, under which what is held of them is sealed; the audit reads nothing that may be sealed."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# The hash of sealed data would differ each time: there the job's own hash stands for it, which is keyed too.
_AUDIT = """
    CREATE OR REPLACE FUNCTION enrichment_audit_act() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO enrichment_audit (tenant, job_id, run, act, actor, type, input_hash, provider, model,
                                      prompt_version, taxonomy_version, usage, faithfulness, error_code, changed_fields)
        SELECT NEW.tenant, NEW.id, NEW.run, coalesce(NEW.review, NEW.status), coalesce(NEW.reviewed_by, 'system'),
               NEW.type, enrichment_input_hash({hashed}), NEW.provider, NEW.model,
               said."promptVersion", said."taxonomyVersion", said.usage,
               CAST(said.faithfulness ->> 'score' AS double precision), NEW.error_code,
               ({changed})
        FROM jsonb_to_record(coalesce(NEW.result, '{{}}')) AS said (
            "promptVersion" text, "taxonomyVersion" text, usage jsonb, faithfulness jsonb);
        RETURN NULL;
    END $$
"""
AUDIT = _AUDIT.format(
    hashed="""coalesce(
                   CASE jsonb_typeof(NEW.payload) WHEN 'string' THEN to_jsonb(NEW.input_hash) END, NEW.payload)""",
    changed="""SELECT coalesce(sum(changed), 0) FROM enrichment_review_edits
                WHERE job_id = NEW.id AND run = NEW.run HAVING NEW.review IS NOT NULL""",
)
AUDIT_BEFORE = _AUDIT.format(
    hashed="NEW.payload",
    changed="""SELECT count(*) FROM enrichment_review_edits AS review, jsonb_array_elements(review.edits) AS edit
                WHERE review.job_id = NEW.id AND review.run = NEW.run AND edit ->> 'verdict' <> 'accepted'
                HAVING NEW.review IS NOT NULL""",
)

UP = (
    """CREATE TABLE enrichment_candidate_key (
        id           text PRIMARY KEY,
        tenant       text NOT NULL,
        candidate_id text NOT NULL,
        master       text NOT NULL,
        wrapped      bytea NOT NULL,
        used_at      timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT candidate_key_of UNIQUE (tenant, candidate_id)
    )""",
    "ALTER TABLE enrichment_review_edits ADD COLUMN changed integer NOT NULL DEFAULT 0",
    """UPDATE enrichment_review_edits SET changed = (
           SELECT count(*) FROM jsonb_array_elements(edits) AS edit WHERE edit ->> 'verdict' <> 'accepted')""",
    AUDIT,
)
DOWN = (
    AUDIT_BEFORE,
    "ALTER TABLE enrichment_review_edits DROP COLUMN changed",
    "DROP TABLE enrichment_candidate_key",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
