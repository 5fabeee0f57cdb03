"""Listening for rows on a server that is no PostgreSQL any more: it says what nobody understands, or nothing at all."""

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from enrichment import dispatch, temporal
from enrichment.db import Database
from enrichment.dispatch import Dispatcher
from enrichment.settings import Settings

NO_TLS = b"N"


def said(kind: bytes, body: bytes) -> bytes:
    """A message of PostgreSQL's protocol."""
    return kind + struct.pack("!i", len(body) + 4) + body


WELCOME = said(b"R", struct.pack("!i", 0)) + said(b"S", b"server_version\x0018.0\x00") + said(b"Z", b"I")
NONSENSE = said(b"R", struct.pack("!i", 10))
"""The wish for a kind of password, without its name."""


@contextlib.asynccontextmanager
async def serving(greeting: bytes, heard: asyncio.Queue[bytes]) -> AsyncIterator[Settings]:
    """A server that greets and then only hears; settings that lead to it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read(1_000)
            writer.write(NO_TLS)
            heard.put_nowait(await reader.read(1_000))
            writer.write(greeting)
            while chunk := await reader.read(1_000):
                heard.put_nowait(chunk)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield Settings(_env_file=None, database_url=f"postgresql://someone@127.0.0.1:{port}/enrichment")
    server.close()


@pytest.mark.parametrize(
    ("greeting", "asked"), [(WELCOME, b"LISTEN"), (NONSENSE, b"someone")], ids=["silence", "nonsense"]
)
async def test_it_waits_for_no_answer_for_ever_and_asks_again(
    greeting: bytes, asked: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "STATEMENT_TIMEOUT_S", 0.05)
    monkeypatch.setattr(dispatch, "LOOK_EVERY_S", 0.01)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    nowhere = Settings(_env_file=None, database_url="postgresql://someone@127.0.0.1:9/enrichment")
    database = Database.connect(nowhere, application="tests")
    async with serving(greeting, heard) as settings:
        dispatcher = Dispatcher(settings, database, await temporal.connect(settings, lazy=True), {}, Counter())
        running = asyncio.create_task(dispatcher.listen())
        async with asyncio.timeout(10):
            for _ in range(2):
                while asked not in await heard.get():
                    pass
        running.cancel()
        await asyncio.wait({running})
    await database.close()
    assert running.cancelled()
