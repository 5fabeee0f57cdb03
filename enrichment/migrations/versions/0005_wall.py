"""What the API's role may do through a function that it may not do itself: hash with the audit's key.

The wall itself is built after each migration; see `enrichment.access.wall`.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER FUNCTION enrichment_input_hash SECURITY DEFINER SET search_path FROM CURRENT")


def downgrade() -> None:
    op.execute("ALTER FUNCTION enrichment_input_hash SECURITY INVOKER RESET search_path")
