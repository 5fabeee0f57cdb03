"""A job's place in line: by its priority, and without a look at the jobs of bulks, which are counted by their bulk."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE INDEX job_line ON enrichment_job (tenant, queue, priority DESC, id)
        WHERE status = 'pending' AND batch IS NULL
    """)
    op.execute("""
        CREATE INDEX job_bulks_open ON enrichment_job (tenant, queue)
        WHERE type = 'bulk_candidate_enrichment' AND status IN ('pending', 'in_progress')
    """)


def downgrade() -> None:
    op.execute("DROP INDEX job_bulks_open, job_line")
