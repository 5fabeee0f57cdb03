"""A kept answer stays while a new one is asked for, and a rejected result is not made of the same answers again."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UP = (
    "ALTER TABLE enrichment_job ADD COLUMN answers_since timestamptz",
    "ALTER TABLE enrichment_response ADD COLUMN holder text, ADD COLUMN answered_at timestamptz",
    # A lease ended when its answer was stored.
    "UPDATE enrichment_response SET answered_at = leased_until WHERE response IS NOT NULL",
    "UPDATE enrichment_response SET holder = job_id WHERE response IS NULL",
)
DOWN = (
    "ALTER TABLE enrichment_response DROP COLUMN holder, DROP COLUMN answered_at",
    "ALTER TABLE enrichment_job DROP COLUMN answers_since",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
