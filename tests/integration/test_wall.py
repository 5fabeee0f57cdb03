"""The second wall: what PostgreSQL shows the API's role, whatever a statement says and whatever went wrong before."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from enrichment import migrations
from enrichment.access import wall
from enrichment.db import Database
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.errors import Internal
from enrichment.ids import new_id
from enrichment.jobs import attempts, documents, intake, transitions
from enrichment.jobs.intake import NewJob
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus, JobType
from enrichment.settings import Settings
from enrichment.tables import Base

TENANTS = ("wall-a", "wall-b")
OF_TENANTS = ("enrichment_job", "enrichment_job_count", "enrichment_throughput")
OF_JOBS = ("enrichment_event", "enrichment_document")
COUNT = "SELECT count(*) FROM {}"


def a_job(tenant: str) -> NewJob:
    return NewJob(
        id=new_id(),
        tenant=tenant,
        type=JobType.COMPETENCE_FILE_GENERATION,
        priority=5,
        queue="enrichment-nobody",
        max_retries=0,
        payload={},
        options={},
    )


@pytest.fixture(scope="module")
async def jobs(database: Database) -> dict[str, str]:
    """A job of each tenant that has run, with an event, a document and counts."""
    ids = {}
    for tenant in TENANTS:
        await intake.accept_all(database, [job := a_job(tenant)])
        ids[tenant] = job_id = job.id
        await attempts.begin(database, job_id, 1, 1)
        await documents.put(database, job_id, 1, "md", b"x")
        await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result={}))
    return ids


@pytest.fixture
async def walled(settings: Settings, jobs: dict[str, str]) -> AsyncIterator[Database]:
    """As the API has it, with one connection, so that each statement meets what the one before has left."""
    connected = Database.connect(settings, application="wall", pool_size=1, is_walled=True)
    yield connected
    await connected.close()


async def seen(database: Database, table: str) -> Any:
    return (await database.execute(text(COUNT.format(table)))).scalar_one()


@pytest.mark.parametrize("table", [*OF_TENANTS, *OF_JOBS])
async def test_without_a_filter_a_tenant_sees_its_own_rows(walled: Database, database: Database, table: str) -> None:
    by_tenant = [await seen(walled.for_tenant(tenant), table) for tenant in (*TENANTS, "wall-c")]
    assert min(by_tenant[:2]) > by_tenant[2] == 0, "counts lie in one row or several, as connections come"
    assert sum(by_tenant) <= await seen(database, table), "the owner sees them all"


@pytest.mark.parametrize("table", [*OF_TENANTS, *OF_JOBS])
async def test_where_no_tenant_is_named_no_row_is_shown(walled: Database, table: str) -> None:
    assert await seen(walled, table) == 0
    assert await seen(walled.for_tenant(TENANTS[0]), table) > 0
    assert await seen(walled, table) == 0, "not even by a connection that has served a tenant"


async def test_tenants_on_one_connection_do_not_meet(walled: Database, jobs: dict[str, str]) -> None:
    ids = text("SELECT id FROM enrichment_job")
    for tenant in TENANTS * 3:
        assert [row.id for row in await walled.for_tenant(tenant).execute(ids)] == [jobs[tenant]]


async def test_a_transaction_that_fails_leaves_no_tenant_behind(walled: Database, jobs: dict[str, str]) -> None:
    a, b = map(walled.for_tenant, TENANTS)
    assert await seen(a, "enrichment_job") == 1
    with contextlib.suppress(KeyError):
        async with b.transaction() as connection:
            assert (await connection.execute(text("SELECT id FROM enrichment_job"))).scalar_one() == jobs["wall-b"]
            raise KeyError
    for tenant, of_tenant in (("wall-b", b), ("wall-a", a)):
        assert (await of_tenant.execute(text("SELECT id FROM enrichment_job"))).scalar_one() == jobs[tenant]


async def test_a_cancelled_request_leaves_no_tenant_behind(walled: Database, jobs: dict[str, str]) -> None:
    a, b = map(walled.for_tenant, TENANTS)
    for _ in range(5):
        slow = asyncio.create_task(b.execute(text("SELECT pg_sleep(5)")))
        await asyncio.sleep(0)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert (await a.execute(text("SELECT id FROM enrichment_job"))).scalar_one() == jobs["wall-a"]


async def test_a_tenant_writes_no_row_of_another(walled: Database, jobs: dict[str, str]) -> None:
    a = walled.for_tenant("wall-a")
    with pytest.raises(Internal):
        await intake.accept_all(a, [a_job("wall-b")])
    changed = await a.execute(text("UPDATE enrichment_job SET priority = 1 WHERE id = :id"), {"id": jobs["wall-b"]})
    assert changed.rowcount == 0
    with pytest.raises(Internal):
        await a.execute(text("UPDATE enrichment_job SET tenant = 'wall-b'"))


async def test_one_tenant_alone_pays_nothing_for_it(walled: Database) -> None:
    only, said = walled.for_tenant("wall-a"), list[str]()
    async with walled._engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        driver.add_query_logger(lambda record: said.append(record.query) if "config" in record.query else None)
    for _ in range(5):
        await seen(only, "enrichment_job")
    assert said == ["SELECT set_config($1, $2, false)"]


async def test_the_role_owns_nothing_and_passes_no_wall(walled: Database, database: Database) -> None:
    role = (await walled.execute(text("SELECT * FROM pg_roles WHERE rolname = current_user"))).one()
    assert role.rolname == wall.ROLE
    assert not any((role.rolsuper, role.rolbypassrls, role.rolcreaterole, role.rolcanlogin))
    await walled.execute(text("RESET ROLE"))
    assert (await walled.execute(text("SELECT current_user"))).scalar_one() == wall.ROLE
    for forbidden in ("SELECT 1 FROM alembic_version", "DELETE FROM enrichment_key", "TRUNCATE enrichment_job"):
        with pytest.raises(Internal):
            await walled.execute(text(forbidden))


async def test_every_table_is_behind_the_wall(database: Database) -> None:
    rows = await database.execute(
        text("""
            SELECT relname, relrowsecurity, array_agg(polname ORDER BY polname) AS policies
            FROM pg_class LEFT JOIN pg_policy ON polrelid = pg_class.oid
            WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace GROUP BY relname, relrowsecurity
        """)
    )
    found = {row.relname: (row.relrowsecurity, row.policies) for row in rows}
    for name, table in Base.metadata.tables.items():
        is_behind, policies = found[name]
        assert is_behind, name
        if "tenant" in table.columns and name not in wall.SHARED:
            assert policies == ["own"], name


# Where the login is no superuser, as with a managed PostgreSQL


async def migrated_by(infrastructure: Infrastructure, privileges: str) -> Settings:
    """A database of its own, owned by a login with these privileges, and migrated by it."""
    name = f"managed_{uuid4().hex}"
    superuser = await asyncpg.connect(infrastructure.superuser_database_url)
    await superuser.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'managed' {privileges}")
    await superuser.execute(f"CREATE DATABASE {name} OWNER {name}")
    if "CREATEROLE" in privileges:  # as if it had made the role
        await superuser.execute(f"GRANT {wall.ROLE} TO {name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
    await superuser.close()
    url = make_url(infrastructure.database_url).set(username=name, password="managed", database=name)
    settings = Settings(_env_file=None, database_url=SecretStr(url.render_as_string(hide_password=False)))
    await asyncio.to_thread(migrations.upgrade, settings)
    return settings


async def test_a_managed_login_that_may_make_roles_builds_the_wall(
    infrastructure: Infrastructure, settings: Settings
) -> None:
    managed = await migrated_by(infrastructure, "CREATEROLE")
    connected = Database.connect(managed, application="managed", pool_size=1, is_walled=True)
    await intake.accept_all(connected.for_tenant("wall-a"), [a_job("wall-a")])
    assert [await seen(connected.for_tenant(tenant), "enrichment_job") for tenant in TENANTS] == [1, 0]
    await connected.close()


async def test_a_login_that_may_not_is_told_what_an_administrator_must_do(infrastructure: Infrastructure) -> None:
    with pytest.raises(wall.RoleMissing, match="CREATE ROLE enrichment_api NOLOGIN; GRANT enrichment_api TO"):
        await migrated_by(infrastructure, "")
