"""What a connection of the API writes in one turn of the loop leaves together, and in order."""

import asyncio
from typing import cast

from api.connection import Gathering


class Wire:
    """The transport below, as far as it is used."""

    def __init__(self) -> None:
        self.calls: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.calls


def gathering(wire: Wire) -> Gathering:
    return Gathering(cast(asyncio.Transport, wire), asyncio.get_running_loop())


async def test_a_head_and_its_body_are_one_write() -> None:
    wire = Wire()
    transport = gathering(wire)

    transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
    transport.write(b"{}")
    assert wire.calls == []
    await asyncio.sleep(0)

    assert wire.calls == [b"HTTP/1.1 200 OK\r\n\r\n{}"]


async def test_a_stream_is_written_as_it_comes() -> None:
    wire = Wire()
    transport = gathering(wire)

    for part in (b"one", b"two"):
        transport.write(part)
        await asyncio.sleep(0)

    assert wire.calls == [b"one", b"two"]


async def test_what_is_written_before_the_close_is_sent_before_it() -> None:
    wire = Wire()
    transport = gathering(wire)

    transport.write(b"the last words")
    transport.close()
    await asyncio.sleep(0)

    assert wire.calls == [b"the last words", "closed"]
    assert transport.is_closing()
