"""The proxy breaks a link in the way it says, counts what it broke, and mends it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from enrichment.devstack.ports import HOST
from tests.faults.plan import Kind
from tests.faults.proxy import Proxy

SOON_S = 0.3
"""Longer than an answer on loopback takes."""


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of a server that answers each line with the same line."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, HOST, 0)
    made = Proxy(lambda: (HOST, server.sockets[0].getsockname()[1]))
    await made.start()
    yield made
    await made.stop()
    server.close()


class Peer:
    """A client of the echo server, through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, line: bytes) -> bytes:
        self.writer.write(line + b"\n")
        return (await self._reader.readline()).strip()

    async def hear(self) -> bytes:
        return (await self._reader.readline()).strip()


async def connect(proxy: Proxy) -> Peer:
    return Peer(*await asyncio.open_connection(HOST, proxy.port))


async def test_it_passes_on_and_ends_as_its_ends_do(proxy: Proxy) -> None:
    peer = await connect(proxy)
    assert await peer.ask(b"hello") == b"hello"
    peer.writer.write_eof()
    assert await peer.hear() == b""
    assert str(proxy.damage) == ""


async def test_refused_until_it_is_healed(proxy: Proxy) -> None:
    peer = await connect(proxy)
    assert await peer.ask(b"before") == b"before"
    await proxy.break_(Kind.REFUSE)
    with pytest.raises(ConnectionError):
        assert await peer.ask(b"cut") != b"", "an end without a reset"
    with pytest.raises(ConnectionRefusedError):
        await connect(proxy)
    assert str(proxy.damage) == "1 connections cut, 1 connects refused"
    await proxy.heal()
    assert await (await connect(proxy)).ask(b"after") == b"after"


async def test_reset_cuts_those_who_are_there_and_those_who_come(proxy: Proxy) -> None:
    peer = await connect(proxy)
    assert await peer.ask(b"before") == b"before"
    await proxy.break_(Kind.RESET)
    with pytest.raises(ConnectionError):
        await peer.hear()
    with pytest.raises(ConnectionError):
        await (await connect(proxy)).hear()
    assert proxy.damage.connections_cut == 2


async def test_what_is_stalled_arrives_when_it_is_healed(proxy: Proxy) -> None:
    peer = await connect(proxy)
    await proxy.break_(Kind.STALL)
    waiting = asyncio.create_task(peer.ask(b"later"))
    done, _ = await asyncio.wait({waiting}, timeout=SOON_S)
    assert not done
    assert proxy.damage.bytes_stalled == len(b"later\n")
    await proxy.heal()
    assert await waiting == b"later"


async def test_a_delay_is_paid_in_each_direction(proxy: Proxy) -> None:
    peer = await connect(proxy)
    await proxy.break_(Kind.DELAY, delay_s=0.05)
    began_at = asyncio.get_running_loop().time()
    assert await peer.ask(b"slow") == b"slow"
    assert asyncio.get_running_loop().time() - began_at >= 0.1
    assert proxy.damage.pieces_delayed == 2


async def test_every_third_answer_is_lost_after_the_request_was_executed(proxy: Proxy) -> None:
    peer = await connect(proxy)
    await proxy.break_(Kind.DROP)
    assert [await peer.ask(b"one"), await peer.ask(b"two")] == [b"one", b"two"]
    with pytest.raises(ConnectionError):
        await peer.ask(b"three")
    assert str(proxy.damage) == "1 answers dropped"
