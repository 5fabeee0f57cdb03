"""PostgreSQL: the one way to reach it, with limits on every wait and its errors in our words."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from copy import copy
from typing import Any, Self

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

from enrichment.access import wall
from enrichment.breaker import Breaker
from enrichment.errors import EnrichmentError, Internal, InvalidInput, StorageUnavailable
from enrichment.settings import Settings
from enrichment.vault.vault import Vault

CONNECT_TIMEOUT_S = 3.0
STATEMENT_TIMEOUT_S = 5.0
"""Asyncpg gives a statement up after this; an untimed one hangs for as long as a frozen server does."""
CLOSE_TIMEOUT_S = 1.0
POOL_TIMEOUT_S = 3.0
"""A request that finds every connection in use waits this long before it is told 503."""
UNAVAILABLE_STATES = ("08", "28", "3D", "53", "55", "57", "58", "25006", "40", "42P01", "42703")
"""SQLSTATEs after which the same statement may work: connection, login, database, resources, state, operator, system,
read-only, rollback; a table or a column that a migration has yet to make."""
STILL_THERE_STATES = ("25006", "40", "42", "55")
"""Of these, the ones of a server that answers."""
ROLE_UNKNOWN = "22023"
"""What a connection is told that asks for the API's role before `enrich migrate` has made it."""
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What asyncpg raises where the server is away, refuses, or says what the driver does not understand."""
REST_S = 0.5
"""For so long nobody asks a server that has just not answered; each caller is told so at once."""


def dsn(settings: Settings, drivername: str = "postgresql") -> str:
    """The database's URL for `drivername`, whatever driver the settings name."""
    url = make_url(settings.database_url.get_secret_value()).set(drivername=drivername)
    return url.render_as_string(hide_password=False)


class Database:
    """A pool of connections, PostgreSQL's errors in our words, and the vault for what is stored of candidates."""

    def __init__(self, engine: AsyncEngine, vault: Vault, *, is_walled: bool = False) -> None:
        self.vault = vault
        self._engine = engine
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._breaker = Breaker(REST_S)
        self._is_walled = is_walled
        self._tenant = ""

    @classmethod
    def connect(cls, settings: Settings, *, application: str, pool_size: int = 10, is_walled: bool = False) -> Self:
        """Opens no connection yet: the first statement does. `application` is shown in `pg_stat_activity`.

        Behind the wall (see `enrichment.access.wall`) it sees the rows of no tenant, and `for_tenant` those of one.
        """
        role = {"role": wall.ROLE} if is_walled else {}
        engine = create_async_engine(
            dsn(settings, "postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            pool_recycle=1800,
            pool_use_lifo=True,  # the connection that was used last has its statements prepared
            hide_parameters=True,
            connect_args={
                "timeout": CONNECT_TIMEOUT_S,
                "command_timeout": STATEMENT_TIMEOUT_S,
                "server_settings": {"application_name": application, "jit": "off", **role},
            },
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return cls(engine, Vault.of(settings), is_walled=is_walled)

    def for_tenant(self, tenant: str) -> Self:
        """This database as `tenant` sees it, by the same connections. It differs only behind the wall."""
        database = copy(self)
        database._tenant = tenant
        return database

    async def close(self) -> None:
        """Says goodbye to the server, if it listens: a frozen one is waited for once, and not by each connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._engine.dispose()

    async def execute(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Runs one statement as a transaction of its own: one round trip, no BEGIN and COMMIT around it.

        Raises:
            StorageUnavailable: PostgreSQL cannot be reached or cannot write; the same statement may work later.
            InvalidInput: a value that PostgreSQL cannot hold.
        """
        with self._translated():
            async with self._autocommit.connect() as connection:
                await self._name_tenant(connection)
                result: CursorResult[Any] = await connection.execute(statement, parameters)
                return result

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Several statements that commit together. Raises as `execute` does."""
        with self._translated():
            async with self._engine.connect() as connection:
                await self._name_tenant(connection)
                async with connection.begin():
                    yield connection

    async def _name_tenant(self, connection: AsyncConnection) -> None:
        """Tells PostgreSQL whose rows to show, where the connection last served somebody else.

        It tells the driver, outside of any transaction: a transaction that is rolled back would take it back unseen.
        """
        if not self._is_walled or connection.info.get(wall.TENANT, "") == self._tenant:
            return
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 the connection has just been taken from the pool
        connection.info[wall.TENANT] = None  # until it is known to have worked
        await driver.execute("SELECT set_config($1, $2, false)", wall.TENANT, self._tenant)
        connection.info[wall.TENANT] = self._tenant

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """PostgreSQL's and the driver's errors as ours, with the class and the SQLSTATE alone.

        The driver's own message would quote the values ("invalid input for query argument"), the server's DETAIL the
        row.
        """
        if self._breaker.is_open:
            raise StorageUnavailable("The database did not answer a moment ago; try again in a few seconds")
        began = time.monotonic()
        try:
            yield
            self._breaker.close()
        except (SQLAlchemyError, *LOST) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            state = getattr(cause, "sqlstate", None) or ""
            told = _told(
                state,
                f"{type(cause).__name__} {state}".strip(),
                from_server=isinstance(error, DBAPIError | asyncpg.PostgresError),
            )
            if isinstance(told, StorageUnavailable) and not state.startswith(STILL_THERE_STATES):
                self._breaker.trip(began)
            raise told from None


def _refuse_closed(connection: Any, *_: object) -> None:
    """Has the pool replace a connection that the server has closed. It asks the client: SQLAlchemy's own way, a ping
    before each use, is three round trips more for every statement, and halved what the API serves.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _told(state: str, what: str, *, from_server: bool) -> EnrichmentError:
    if state.startswith("22") and state != ROLE_UNKNOWN:
        return InvalidInput(f"PostgreSQL cannot hold a value of this request ({what})")
    if from_server and state and not state.startswith(UNAVAILABLE_STATES):
        return Internal(f"The database refused a statement ({what})")
    return StorageUnavailable(f"The database does not answer ({what}); try again in a few seconds")
