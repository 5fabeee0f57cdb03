"""Alembic's entry point: one connection, one transaction, one migration at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from enrichment.access import keys, wall  # noqa: F401 its tables join the metadata
from enrichment.audit import entries  # noqa: F401 likewise
from enrichment.erasure import records as erasures  # noqa: F401 likewise
from enrichment.responses import store  # noqa: F401 likewise
from enrichment.review import reviews  # noqa: F401 likewise
from enrichment.spending import budgets, ledger  # noqa: F401 likewise
from enrichment.tables import Base
from enrichment.webhooks import deliveries, endpoints  # noqa: F401 likewise

_ONE_AT_A_TIME = 0x656E7269
"""Key of the advisory lock: two processes that migrate at once wait for each other."""


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        context.run_migrations()
        wall.build(connection)


async def _run() -> None:
    url = make_url(context.config.attributes["database_url"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": 10})
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(_run())
