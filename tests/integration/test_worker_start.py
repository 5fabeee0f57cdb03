"""A worker that cannot start says why in a line, and with which setting; one that is told to stop meanwhile does."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE

import pytest

from enrichment.devstack.infrastructure import Infrastructure

COMMAND = (sys.executable, "-P", "-m", "enrichment", "worker")


@pytest.mark.parametrize(
    ("variable", "value", "code", "says"),
    [
        ("TEMPORAL_ADDRESS", "127.0.0.1:1", 1, "Temporal does not answer at 127.0.0.1:1 (TEMPORAL_ADDRESS)"),
        ("ENRICHMENT_QUEUES", "urgent", 2, "ENRICHMENT_QUEUES"),
        ("ENRICHMENT_MODEL", "oracle", 2, "no enricher for 'oracle': use rules"),
    ],
)
async def test_it_says_what_is_wrong(variable: str, value: str, code: int, says: str) -> None:
    environment = {**os.environ, "TEMPORAL_ADDRESS": "127.0.0.1:1", variable: value}
    worker = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stderr=PIPE)
    _, said = await worker.communicate()

    assert worker.returncode == code
    assert says in said.decode()
    assert "Traceback" not in said.decode()


async def test_it_takes_no_job_where_the_library_of_its_model_cannot_be_used(infrastructure: Infrastructure) -> None:
    environment = {
        **os.environ,
        **infrastructure.environment,
        "ENRICHMENT_MODEL": "openai:gpt-4o-mini",
        "OPENAI_API_KEY": "none",
        "ENRICHMENT_KEY_PEPPER": "pepper" * 10,
        "ALL_PROXY": "socks5://127.0.0.1:1",  # which needs a package of its own
    }
    worker = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(60):
        ready, said = await worker.communicate()

    assert (worker.returncode, ready) == (1, b"")
    assert "The worker cannot start: Using SOCKS proxy" in said.decode()


async def test_it_stops_while_it_waits_for_a_temporal_that_says_nothing() -> None:
    connected = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        environment = {**os.environ, "TEMPORAL_ADDRESS": f"{host}:{port}"}
        worker = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stderr=PIPE)
        async with asyncio.timeout(60):
            await connected.wait()
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            _, said = await worker.communicate()

    assert (worker.returncode, said) == (0, b"")
