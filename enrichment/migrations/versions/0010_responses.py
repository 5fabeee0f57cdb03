"""What providers have answered, kept so that nothing is paid for twice."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UP = (
    """CREATE TABLE enrichment_response (
        key bytea PRIMARY KEY,
        tenant text NOT NULL,
        candidate_id text,
        job_id text NOT NULL,
        run integer NOT NULL,
        model text NOT NULL,
        prompt_version text NOT NULL,
        leased_until timestamptz NOT NULL,
        response jsonb,
        usable boolean NOT NULL DEFAULT true,
        expires_at timestamptz NOT NULL
    )""",
    "CREATE INDEX response_candidate ON enrichment_response (tenant, candidate_id)",
    "CREATE INDEX response_job ON enrichment_response (job_id)",
    "CREATE INDEX response_expires ON enrichment_response (expires_at)",
)
DOWN = ("DROP TABLE enrichment_response",)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
