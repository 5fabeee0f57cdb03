"""The real stack, embedded, once per test session: no test needs anything but Python."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from api.app import create_app
from api.server import Server
from enrichment import migrations
from enrichment.db import Database
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from worker.run import running

ROOT = Path(__file__).parent.parent
RESUMES = ROOT.parent / "shared" / "data" / "resumes"


# Hypothesis times what it does; its first text alone takes a second on a cold machine. Tests do not judge speed.
hypothesis.settings.register_profile(
    "here",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # there, the same examples each time: a find belongs to who looked for it
)
hypothesis.settings.load_profile("here")

_EXIT_CODE = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_EXIT_CODE] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves with pytest's exit code: Temporal's runtime aborts now and then while the interpreter shuts down."""
    if _EXIT_CODE in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_EXIT_CODE])


@pytest.fixture(scope="session")
def resumes() -> dict[str, dict[str, Any]]:
    """The public résumés beside the project, by file name; those that are not JSON are left out."""
    if not RESUMES.is_dir():
        pytest.skip("the folder with the public résumés is not on this machine")
    found = {}
    for path in sorted(RESUMES.glob("*.json")):
        try:
            found[path.name] = json.loads(path.read_text())
        except ValueError:
            continue
    return found


@pytest.fixture(scope="session")
async def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Infrastructure]:
    async with Infrastructure(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture(scope="session")
async def settings(infrastructure: Infrastructure) -> Settings:
    """Settings of the migrated stack."""
    variables: dict[str, Any] = {name.lower(): value for name, value in infrastructure.environment.items()}
    configured = Settings(_env_file=None, rehearsal=True, webhook_loopback=True, **variables)
    await asyncio.to_thread(migrations.upgrade, configured)
    return configured


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    connected = Database.connect(settings, application="tests")
    yield connected
    await connected.close()


@pytest.fixture(scope="session")
async def queue(settings: Settings) -> AsyncIterator[EnrichmentQueue]:
    async with await EnrichmentQueue.connect(settings) as connected:
        yield connected


@pytest.fixture(scope="session")
async def worker(settings: Settings) -> AsyncIterator[None]:
    """A worker of all queues, from here to the end of the session."""
    async with running(settings):
        yield


@pytest.fixture(scope="session")
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        yield client


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """The API on a free port, by a real server; yields its URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = Server(create_app(settings), settings)
        task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        await task
