"""Bulks that were cancelled or stopped: the sweeper looks whether they have left jobs open."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX job_bulks_ended ON enrichment_job (completed_at)
        WHERE type = 'bulk_candidate_enrichment' AND status IN ('cancelled', 'failed')
    """)


def downgrade() -> None:
    op.execute("DROP INDEX job_bulks_ended")
