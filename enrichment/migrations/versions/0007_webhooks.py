"""Endpoints that want to be told when jobs end, and what is told to them."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE enrichment_webhook (
        id              text PRIMARY KEY,
        tenant          text NOT NULL,
        url             text NOT NULL,
        secret          text NOT NULL,
        previous_secret text,
        previous_until  timestamptz,
        created_at      timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT webhook_url_once UNIQUE (tenant, url),
        CONSTRAINT webhook_has_tenant CHECK (tenant <> '')
    )
    """,
    "ALTER TABLE enrichment_job ADD COLUMN webhook_id text REFERENCES enrichment_webhook (id)",
    """
    CREATE TABLE enrichment_delivery (
        job_id      text NOT NULL REFERENCES enrichment_job (id) ON DELETE CASCADE,
        run         integer NOT NULL,
        tenant      text NOT NULL,
        webhook_id  text NOT NULL REFERENCES enrichment_webhook (id),
        status      text NOT NULL DEFAULT 'pending',
        round       integer NOT NULL DEFAULT 1,
        attempts    integer NOT NULL DEFAULT 0,
        created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        claimed_at  timestamptz,
        started_at  timestamptz,
        ended_at    timestamptz,
        last_status integer,
        last_error  text,
        PRIMARY KEY (job_id, run),
        CONSTRAINT delivery_status_known CHECK (status IN ('pending', 'delivered', 'dead')),
        CONSTRAINT delivery_ended_has_end CHECK ((status = 'pending') = (ended_at IS NULL))
    )
    """,
    """
    CREATE INDEX delivery_waiting ON enrichment_delivery (created_at)
        WHERE status = 'pending' AND started_at IS NULL
    """,
    "CREATE INDEX delivery_dead ON enrichment_delivery (tenant, created_at) WHERE status = 'dead'",
    "CREATE INDEX delivery_list ON enrichment_delivery (tenant, created_at)",
    """
    CREATE FUNCTION enrichment_tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO enrichment_delivery (job_id, run, tenant, webhook_id)
        VALUES (NEW.id, NEW.run, NEW.tenant, NEW.webhook_id) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER enrichment_tell AFTER UPDATE OF status ON enrichment_job FOR EACH ROW
        WHEN (NEW.webhook_id IS NOT NULL AND NEW.completed_at IS NOT NULL AND OLD.completed_at IS NULL)
        EXECUTE FUNCTION enrichment_tell()
    """,
)
DOWN = (
    "DROP TRIGGER enrichment_tell ON enrichment_job",
    "DROP FUNCTION enrichment_tell",
    "DROP TABLE enrichment_delivery",
    "ALTER TABLE enrichment_job DROP COLUMN webhook_id",
    "DROP TABLE enrichment_webhook",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
