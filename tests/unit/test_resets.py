"""Servers that reset a connection just as it is made, as overloaded proxies do.

Under uvloop such a connection has no socket any more, which httpcore does not expect: an AttributeError, and so a job
that failed for good. That is why a worker runs asyncio's own loop.
"""

import asyncio
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from pydantic_ai.messages import ModelRequest, UserPromptPart
from pydantic_ai.models import ModelRequestParameters

from enrichment.enrichers.llm import providers
from enrichment.enrichers.llm.naming import Named
from enrichment.enrichers.llm.streamed import Streamed
from enrichment.errors import ProviderUnavailable
from enrichment.webhooks.lookups import Lookups
from enrichment.webhooks.posting import Posting

RESETS = 200
AT_ONCE = 10


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server, in a thread of its own, that resets each connection at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_reset_all, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _reset_all(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # the test is over
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_provider_that_resets_is_one_that_is_not_available(
    port: int, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{port}")
    named = Named(provider, "some-model", SecretStr("key"), f"http://127.0.0.1:{port}")

    async def listen(_pieces: int) -> None:
        raise AssertionError("nothing was answered")

    wire = Streamed(providers.connect(named, 5.0), str(named), 5.0, listen)

    async def ask() -> None:
        for _ in range(RESETS // AT_ONCE):
            with pytest.raises(ProviderUnavailable):
                await wire.request([ModelRequest(parts=[UserPromptPart("Hello")])], None, ModelRequestParameters())

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))


async def test_a_receiver_that_resets_is_one_that_cannot_be_reached(port: int) -> None:
    posting = Posting(Lookups(), allow_loopback=True)

    async def post() -> None:
        for _ in range(RESETS // AT_ONCE):
            answer = await posting.post(f"http://127.0.0.1:{port}/", "{}", {})
            assert answer.error == "unreachable"

    await asyncio.gather(*(post() for _ in range(AT_ONCE)))
    await posting.close()


def test_a_worker_runs_asyncios_own_loop() -> None:
    told = "import worker.__main__, worker.run, sys; print('uvloop' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
