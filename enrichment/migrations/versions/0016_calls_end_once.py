"""A call's row outlives its end, so that what it cost is counted once, however often the statement is sent."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE enrichment_reservation ADD COLUMN ended_at timestamptz")
    op.execute("DROP INDEX reservation_expires")
    op.execute("CREATE INDEX reservation_expires ON enrichment_reservation (expires_at) WHERE ended_at IS NULL")
    op.execute("CREATE INDEX reservation_ended ON enrichment_reservation (ended_at) WHERE ended_at IS NOT NULL")


def downgrade() -> None:
    op.execute("DELETE FROM enrichment_reservation WHERE ended_at IS NOT NULL")
    op.execute("DROP INDEX reservation_ended, reservation_expires")
    op.execute("ALTER TABLE enrichment_reservation DROP COLUMN ended_at")
    op.execute("CREATE INDEX reservation_expires ON enrichment_reservation (expires_at)")
