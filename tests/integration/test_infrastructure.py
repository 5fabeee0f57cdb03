"""The embedded servers: what they are set to, what they remember, and that they never outlive their supervisor."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, RemoveSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from enrichment.devstack import launch
from enrichment.devstack.errors import StackError
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.search_attributes import SEARCH_ATTRIBUTES
from tests.processes import runs

REPOSITORY = Path(__file__).parents[2]

SUPERVISOR = """
import asyncio, json, sys
from pathlib import Path
from enrichment.devstack.infrastructure import Infrastructure

async def main():
    async with Infrastructure(Path(sys.argv[1])) as infra:
        print(json.dumps({"pids": infra.pids, "environment": infra.environment}), flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""
"""Runs the servers until its standard input is closed."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "a directory with spaces, é, %41 and ?#"


@pytest.fixture(scope="module")
async def infra(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Infrastructure]:
    """Shared by the tests that only look."""
    closed = tmp_path_factory.mktemp("closed")  # with mode 700, as pytest makes it
    async with Infrastructure(closed / "a directory with spaces") as infra:
        yield infra


async def write_state(environment: Mapping[str, str]) -> None:
    """One thing in each server that must be found again."""
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    await connection.execute("CREATE TABLE kept (word text)")
    await connection.execute("INSERT INTO kept VALUES ('row')")
    await connection.close()
    async with Redis.from_url(environment["REDIS_URL"]) as redis:
        await redis.set("kept", "key")
    temporal = await Client.connect(environment["TEMPORAL_ADDRESS"], namespace=environment["TEMPORAL_NAMESPACE"])
    await temporal.start_workflow("Kept", id="kept", task_queue="nobody-works-here")


async def read_state(environment: Mapping[str, str]) -> tuple[str, str, str]:
    """What `write_state` wrote, as it is now."""
    connection = await asyncpg.connect(environment["DATABASE_URL"])
    row = await connection.fetchval("SELECT word FROM kept")
    await connection.close()
    async with Redis.from_url(environment["REDIS_URL"], decode_responses=True) as redis:
        key = await redis.get("kept")
    temporal = await Client.connect(environment["TEMPORAL_ADDRESS"], namespace=environment["TEMPORAL_NAMESPACE"])
    workflow = await temporal.get_workflow_handle("kept").describe()
    return row, str(key), workflow.workflow_type


STATE = ("row", "key", "Kept")


def family(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes and all their descendants."""
    parents = [psutil.Process(pid) for pid in pids]
    return [*parents, *(child for parent in parents for child in parent.children(recursive=True))]


def ports(infra: Infrastructure) -> set[int]:
    urls = (infra.database_url, infra.redis_url, f"//{infra.temporal_address}", infra.temporal_ui_url)
    return {urlsplit(url).port or 0 for url in urls}


def assert_gone(processes: Iterable[psutil.Process], within_s: float = 10) -> None:
    """None runs. One that ended but that the machine's first process has not yet collected counts as gone."""
    deadline = time.monotonic() + within_s
    left = list(processes)
    while left and time.monotonic() < deadline:
        left = [each for each in left if runs(each)]
    assert not left


def files_open_to_others(directory: Path) -> list[Path]:
    """By their own mode, whatever the mode of the directories above."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return [path for path in files if path.stat().st_mode & 0o044]


async def test_postgres_is_set_up_for_the_product(infra: Infrastructure) -> None:
    connection = await asyncpg.connect(infra.database_url)
    try:
        roles = await connection.fetch("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert [tuple(role) for role in roles] == [("enrichment", False)]
        databases = await connection.fetch(
            "SELECT datname, pg_encoding_to_char(encoding), datlocprovider, datlocale FROM pg_database"
            " WHERE datname = current_database()"
        )
        assert [tuple(database) for database in databases] == [("enrichment", "UTF8", b"b", "C.UTF-8")]
        expected = {
            "server_version_num": "1800",
            "fsync": "on",
            "max_connections": "200",
            "idle_in_transaction_session_timeout": "1min",
            "password_encryption": "scram-sha-256",
        }
        for name, value in expected.items():
            assert (await connection.fetchval("SELECT current_setting($1)", name)).startswith(value), name
        await connection.execute("CREATE TABLE own (id int)")  # the role owns its schema
    finally:
        await connection.close()
    superuser = await asyncpg.connect(infra.superuser_database_url)
    assert await superuser.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    await superuser.close()


async def test_postgres_and_redis_want_a_password(infra: Infrastructure) -> None:
    database, redis = urlsplit(infra.database_url), urlsplit(infra.redis_url)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host=database.hostname, port=database.port, user="enrichment", password="guess")
    once = Retry(NoBackoff(), 0)
    async with Redis(host=str(redis.hostname), port=redis.port or 0, retry=once) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.get("kept")


async def test_redis_keeps_what_it_is_given(infra: Infrastructure) -> None:
    async with Redis.from_url(infra.redis_url, decode_responses=True) as redis:
        settings = await redis.config_get("append*") | await redis.config_get("maxmemory-policy")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["maxmemory-policy"] == "noeviction"


async def test_temporal_knows_the_search_attributes_and_keeps_runs_for_a_week(infra: Infrastructure) -> None:
    client = await Client.connect(infra.temporal_address)
    attributes = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert set(SEARCH_ATTRIBUTES) <= set(attributes.custom_attributes)
    namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta().days == 7


async def test_a_search_attribute_that_an_older_database_lacks_is_registered(infra: Infrastructure) -> None:
    name = next(iter(SEARCH_ATTRIBUTES))
    client = await Client.connect(infra.temporal_address)
    await client.operator_service.remove_search_attributes(
        RemoveSearchAttributesRequest(namespace="default", search_attributes=[name])
    )
    await infra.temporal.stop()
    await infra.temporal.start()
    attributes = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert name in attributes.custom_attributes


async def test_the_web_ui_answers(infra: Infrastructure) -> None:
    with await asyncio.to_thread(urllib.request.urlopen, infra.temporal_ui_url) as answer:
        assert answer.status == 200


async def test_nothing_listens_beyond_this_machine(infra: Infrastructure) -> None:
    addresses = {
        connection.laddr.ip
        for process in family(infra.pids.values())
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


async def test_no_secret_is_on_a_command_line_or_in_a_readable_file(infra: Infrastructure) -> None:
    secrets = [
        str(urlsplit(url).password) for url in (infra.database_url, infra.superuser_database_url, infra.redis_url)
    ]
    arguments = " ".join(argument for process in family(infra.pids.values()) for argument in process.cmdline())
    assert not any(secret in arguments for secret in secrets)
    leaks = [
        path
        for path in files_open_to_others(infra.directory.path)
        if any(secret.encode() in path.read_bytes() for secret in secrets)
    ]
    assert not leaks


async def test_state_survives_a_restart_and_nothing_runs_in_between(data_dir: Path) -> None:
    async with Infrastructure(data_dir) as infra:
        await write_state(infra.environment)
        processes = family(infra.pids.values())
    assert_gone(processes)
    async with Infrastructure(data_dir) as infra:
        assert await read_state(infra.environment) == STATE


@pytest.mark.parametrize("name", ["postgres", "redis", "temporal"])
async def test_a_killed_server_comes_back_where_it_was(name: str, data_dir: Path) -> None:
    restarted = asyncio.Event()
    async with Infrastructure(data_dir, restarted=restarted.set) as infra:
        environment, pids = infra.environment, infra.pids
        await write_state(environment)
        os.kill(pids[name], signal.SIGKILL)
        await restarted.wait()
        assert await read_state(environment) == STATE
        assert {each for each in pids if pids[each] != infra.pids[each]} == {name}


async def test_a_server_can_be_taken_away_and_brought_back(infra: Infrastructure) -> None:
    url, port = infra.redis_url, urlsplit(infra.redis_url).port
    await infra.redis.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port or 0))
    await infra.redis.start()
    async with Redis.from_url(url) as redis:
        assert await redis.ping()


async def test_two_side_by_side_do_not_meet(tmp_path: Path) -> None:
    async with Infrastructure(tmp_path / "one") as one, Infrastructure(tmp_path / "two") as two:
        await write_state(one.environment)
        await write_state(two.environment)
        assert await read_state(one.environment) == await read_state(two.environment) == STATE
        assert not set(one.pids.values()) & set(two.pids.values())


async def test_a_second_one_on_the_same_directory_is_refused(infra: Infrastructure) -> None:
    with pytest.raises(StackError, match="in use by another stack"):
        await Infrastructure(infra.directory.path).start()
    async with Redis.from_url(infra.redis_url) as redis:
        assert await redis.ping()


async def test_a_port_lost_before_the_start_is_replaced(data_dir: Path) -> None:
    await asyncio.to_thread(data_dir.mkdir)
    infra = Infrastructure(data_dir)
    lost = ports(infra)
    with ExitStack() as thieves:
        for port in lost:
            thieves.enter_context(socket.create_server(("127.0.0.1", port)))
        async with infra:
            await write_state(infra.environment)
            assert await read_state(infra.environment) == STATE
            assert not lost & ports(infra)


async def test_a_pid_that_now_belongs_to_another_process_does_not_hinder_postgres(data_dir: Path) -> None:
    async with Infrastructure(data_dir):
        pass
    cluster = data_dir / "postgres"
    owner = cluster.stat()
    # Of the same user: PostgreSQL itself takes only other users' processes for strangers.
    stranger = await asyncio.create_subprocess_exec("sleep", "60", user=owner.st_uid, cwd="/")
    try:
        lines = (str(stranger.pid), str(cluster), "1", "5432", "", "127.0.0.1", "0 0", "ready")
        (cluster / "postmaster.pid").write_text("\n".join(lines) + "\n")
        os.chown(cluster / "postmaster.pid", owner.st_uid, owner.st_gid)
        async with Infrastructure(data_dir) as infra:
            assert infra.pids["postgres"] != stranger.pid
    finally:
        stranger.kill()
        await stranger.wait()


async def test_the_directory_around_the_data_keeps_its_mode(infra: Infrastructure) -> None:
    around = infra.directory.path.parent
    assert around.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
async def test_started_by_root_postgres_is_not_root(infra: Infrastructure) -> None:
    pid = infra.pids["postgres"]
    assert 0 not in psutil.Process(pid).uids()
    assert effective_capabilities(pid).bit_count() == 1, "to pass through closed directories, and no other"


def effective_capabilities(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff:"))


class Supervisor:
    """The servers under a process of their own."""

    def __init__(self, data_dir: Path, prefix: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", SUPERVISOR, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "it did not start"
        said = json.loads(line)
        self.pids: dict[str, int] = said["pids"]
        self.environment: dict[str, str] = said["environment"]


async def test_a_killed_supervisor_leaves_nothing_and_loses_nothing(data_dir: Path) -> None:
    supervisor = Supervisor(data_dir)
    await write_state(supervisor.environment)
    processes = family(supervisor.pids.values())
    supervisor.process.kill()
    supervisor.process.communicate()
    # At once, as a service manager would: what is still dying must not hinder the next start.
    async with Infrastructure(data_dir) as infra:
        assert_gone(processes)
        assert await read_state(infra.environment) == STATE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; every other test runs as one already")
async def test_an_ordinary_user_needs_no_root(tmp_path: Path) -> None:
    nobody = 65534
    data_dir = tmp_path / "nobody's own"
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, nobody, nobody)
    # The launcher lets it read this Python wherever root keeps it; for the rest it is any user.
    become = (sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), "9", str(nobody), str(nobody))
    supervisor = Supervisor(data_dir, become)
    await write_state(supervisor.environment)
    assert await read_state(supervisor.environment) == STATE
    processes = family(supervisor.pids.values())
    assert {uid for process in processes for uid in process.uids()} == {nobody}
    supervisor.process.communicate(input="")
    assert supervisor.process.returncode == 0
    assert_gone(processes)
