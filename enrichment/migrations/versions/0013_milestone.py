"""The percentage that a run has reached, so that it outlives both Redis and the process that has shown it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE enrichment_job ADD COLUMN milestone smallint NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE enrichment_job DROP COLUMN milestone")
