"""Tombstones of erased candidates."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE enrichment_erasure (
            id      text PRIMARY KEY,
            tenant  text NOT NULL,
            subject text NOT NULL,
            actor   text NOT NULL,
            at      timestamptz NOT NULL DEFAULT clock_timestamp(),
            erased  jsonb NOT NULL
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE enrichment_erasure")
