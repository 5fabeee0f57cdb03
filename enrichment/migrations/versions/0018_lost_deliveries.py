"""A delivery whose workflow is gone is begun again, and its attempts go on counting."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UP = (
    """
    ALTER TABLE enrichment_delivery
        ADD COLUMN attempts_before integer NOT NULL DEFAULT 0, ADD COLUMN checked_at timestamptz
    """,
    # Somebody had these delivered again, and the attempts since are not known apart.
    "UPDATE enrichment_delivery SET attempts_before = attempts WHERE status = 'pending' AND round > 1",
    """
    CREATE INDEX delivery_unchecked ON enrichment_delivery (greatest(started_at, checked_at))
        WHERE status = 'pending' AND started_at IS NOT NULL
    """,
)
DOWN = (
    "DROP INDEX delivery_unchecked",
    "ALTER TABLE enrichment_delivery DROP COLUMN checked_at, DROP COLUMN attempts_before",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
