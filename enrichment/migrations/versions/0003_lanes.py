"""A bulk runs in lanes: which lane has a child in hand, and the indexes that lanes begin their next children by."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = (
    "ALTER TABLE enrichment_job ADD COLUMN lane smallint",
    "DROP INDEX job_batch",
    "DROP INDEX job_children_status",
    "CREATE INDEX job_children_status ON enrichment_job (parent_id, status, id) WHERE parent_id IS NOT NULL",
    """CREATE INDEX job_children_retry ON enrichment_job (parent_id, retry_at)
       WHERE status = 'in_progress' AND batch IS NOT NULL AND retry_at IS NOT NULL""",
    """CREATE INDEX job_open ON enrichment_job (queue)
       WHERE status IN ('pending', 'in_progress') AND dispatched_at IS NOT NULL AND batch IS NULL""",
)
DOWN = (
    "DROP INDEX job_open",
    "DROP INDEX job_children_retry",
    "DROP INDEX job_children_status",
    "CREATE INDEX job_children_status ON enrichment_job (parent_id, status) WHERE parent_id IS NOT NULL",
    "CREATE INDEX job_batch ON enrichment_job (parent_id, batch, id) WHERE parent_id IS NOT NULL",
    "ALTER TABLE enrichment_job DROP COLUMN lane",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
