"""The second wall between tenants: PostgreSQL itself shows the API no row of another one, whatever a query says.

The API works under the role `enrichment_api`, which owns nothing and is bound by row-level security, and names the
tenant of each request in `enrichment.tenant`; where none is named, no row is shown. Owners are not bound: the worker,
the dispatcher and the migrations serve every tenant.

The wall is built anew after each migration, from the tables as they then are, so that a new table is behind it from its
first row: by its column `tenant`, or else by the job that its column `job_id` names. A table with neither is not shown
to the API at all, unless it stands in `SHARED`.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

ROLE = "enrichment_api"
TENANT = "enrichment.tenant"

SHARED = {
    "enrichment_worker": "SELECT",
    "enrichment_queue": "SELECT, INSERT, UPDATE",
    "enrichment_key": "SELECT, UPDATE (last_used_at)",
}
"""What the API may do with tables whose rows are no tenant's, or are needed to learn who asks."""

_OWN = f"tenant = current_setting('{TENANT}', true)"
_OF_OWN_JOB = "EXISTS (SELECT FROM enrichment_job AS job WHERE job.id = job_id)"
"""The subquery is behind the wall itself."""
_TABLES = text("""
    SELECT relname AS name, relrowsecurity AS is_behind,
           EXISTS (SELECT FROM pg_attribute WHERE attrelid = class.oid AND attname = 'tenant') AS has_tenant,
           EXISTS (SELECT FROM pg_attribute WHERE attrelid = class.oid AND attname = 'job_id') AS has_job
    FROM pg_class AS class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname LIKE 'enrichment\\_%'
    ORDER BY relname
""")
_MAKE_ROLE = f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
            CREATE ROLE {ROLE} NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server makes it now
    END $$
"""
_JOIN_ROLE = f"""
    DO $$ BEGIN
        IF NOT pg_has_role(current_user, '{ROLE}', 'SET') THEN
            GRANT {ROLE} TO CURRENT_USER;
        END IF;
    END $$
"""
_NOT_ALLOWED = "42501"


class RoleMissing(Exception):
    """The login may not make the role that the API works under."""

    def __init__(self) -> None:
        super().__init__(
            f"This login may not make the role that the API works under. As a user who may, run once: "
            f"CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO <this login>;"
        )


def build(connection: Connection) -> None:
    """Puts every table behind the wall, within the caller's transaction. What is behind it already stays as it is.

    Raises:
        RoleMissing: an administrator must make the role first.
    """
    try:
        connection.execute(text(_MAKE_ROLE))
        connection.execute(text(_JOIN_ROLE))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _NOT_ALLOWED:
            raise RoleMissing from None
        raise
    for table in connection.execute(_TABLES).all():
        if not table.is_behind:
            for statement in _statements(table.name, has_tenant=table.has_tenant, has_job=table.has_job):
                connection.execute(text(statement))


def _statements(table: str, *, has_tenant: bool, has_job: bool) -> list[str]:
    grant = f"GRANT {SHARED.get(table, 'SELECT, INSERT, UPDATE, DELETE')} ON {table} TO {ROLE}"
    if table in SHARED:
        policies = ["shared ON {} USING (true)"]
    elif has_tenant:
        policies = [f"own ON {{}} USING ({_OWN})"]
    elif has_job:
        # The statement that makes a job writes its event too, and does not see the job yet: the foreign key does.
        policies = ["made ON {} FOR INSERT WITH CHECK (true)"]
        policies += [f"own_{act} ON {{}} FOR {act} USING ({_OF_OWN_JOB})" for act in ("SELECT", "UPDATE", "DELETE")]
    else:
        return [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"]
    created = [f"CREATE POLICY {policy.format(table)}" for policy in policies]
    return [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", grant, *created]
