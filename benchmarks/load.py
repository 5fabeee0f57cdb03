"""A generator of HTTP requests, the same for every system: keep-alive connections that read just enough of an answer.

A full client costs more CPU than the servers it would measure on the same two cores.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

_LENGTH = b"content-length:"


class Refused(Exception):
    """A server has answered with something else than success."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of requests came to; latencies in milliseconds."""

    seconds: float
    latencies_ms: list[float] = field(repr=False)

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds

    def percentile(self, share: float) -> float:
        return percentile(self.latencies_ms, share)


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def post(url: str, body: Any) -> bytes:
    """A POST of JSON as it goes over the wire."""
    return _post(url, json.dumps(body).encode(), "application/json")


def post_lines(url: str, lines: bytes) -> bytes:
    """A POST of JSON values, one a line."""
    return _post(url, lines, "application/x-ndjson")


def _post(url: str, content: bytes, media_type: str) -> bytes:
    return _head("POST", url, f"Content-Type: {media_type}\r\nContent-Length: {len(content)}\r\n") + content


def get(url: str) -> bytes:
    return _head("GET", url, "")


def _head(method: str, url: str, fields: str) -> bytes:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fields}\r\n".encode()


class Connection(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.find(_LENGTH)
        if at < 0:
            self._end(Refused("The answer has no length"))
            return
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        self._buffer.clear()
        is_success = head[9:10] == b"2"
        self._end(body if is_success else Refused(f"{head[9:12].decode()}: {body[:300].decode(errors='replace')}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(Refused(f"The connection was closed: {exc}"))

    def _end(self, answer: bytes | Refused) -> None:
        if self._answer is None or self._answer.done():
            return
        if isinstance(answer, Refused):
            self._answer.set_exception(answer)
        else:
            self._answer.set_result(answer)

    async def send(self, request: bytes) -> bytes:
        """The answer's body.

        Raises:
            Refused: the answer is no success.
        """
        assert self._transport is not None  # noqa: S101 made by `connections`
        if self._transport.is_closing():
            raise Refused("The connection was closed before the request")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def connections(url: str, count: int) -> AsyncIterator[list[Connection]]:
    """`count` open connections to the host of `url`."""
    host, _, port = urlsplit(url).netloc.partition(":")
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Connection, host, int(port)))[1] for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def send_all(url: str, requests: Iterable[bytes], count: int) -> Load:
    """Sends every request, over `count` connections, each as soon as the one before is answered."""
    waiting = iter(requests)
    return await _drive(url, count, lambda: next(waiting, None))


async def send_for(url: str, request: Callable[[], bytes], count: int, seconds: float) -> Load:
    """Sends requests for a time."""
    end = time.perf_counter() + seconds
    return await _drive(url, count, lambda: request() if time.perf_counter() < end else None)


async def _drive(url: str, count: int, following: Callable[[], bytes | None]) -> Load:
    latencies: list[float] = []

    async def lane(connection: Connection) -> None:
        while (request := following()) is not None:
            sent = time.perf_counter()
            await connection.send(request)
            latencies.append((time.perf_counter() - sent) * 1000)

    async with connections(url, count) as opened:
        began = time.perf_counter()
        await asyncio.gather(*map(lane, opened))
        return Load(time.perf_counter() - began, latencies)


async def send_at(url: str, requests: Iterable[bytes], rate: float) -> None:
    """Sends `rate` requests a second, whatever the answers take. The gaps vary: a fixed beat would meet timers."""
    chance = random.Random(1)
    async with connections(url, 16) as opened:
        idle: asyncio.Queue[Connection] = asyncio.Queue()
        for connection in opened:
            idle.put_nowait(connection)

        async def one(request: bytes) -> None:
            connection = await idle.get()
            await connection.send(request)
            idle.put_nowait(connection)

        began, sending = time.perf_counter(), []
        for number, request in enumerate(requests):
            due = began + (number + chance.random()) / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sending.append(asyncio.create_task(one(request)))
        await asyncio.gather(*sending)
