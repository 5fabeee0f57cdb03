"""Queues that can be paused, bulk actions, and the index that lists failed jobs by their error."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE enrichment_queue (
            queue      text PRIMARY KEY,
            paused_at  timestamptz,
            resumed_at timestamptz
        )
    """)
    op.execute("""
        CREATE TABLE enrichment_action (
            id         text PRIMARY KEY,
            tenant     text NOT NULL,
            action     text NOT NULL,
            filter     jsonb NOT NULL,
            total      integer NOT NULL,
            done       integer NOT NULL DEFAULT 0,
            changed    integer NOT NULL DEFAULT 0,
            cursor     text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            claimed_at timestamptz,
            ended_at   timestamptz
        )
    """)
    op.execute("CREATE INDEX action_open ON enrichment_action (id) WHERE ended_at IS NULL")
    op.execute("CREATE INDEX job_list_error ON enrichment_job (tenant, error_code, id) WHERE status = 'failed'")


def downgrade() -> None:
    op.execute("DROP INDEX job_list_error")
    op.execute("DROP TABLE enrichment_action, enrichment_queue")
