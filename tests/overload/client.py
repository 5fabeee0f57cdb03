"""A client that sends at its own pace, whatever the server does: that is what overload is."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

MOST_CONNECTIONS = 1_500
TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    says_when: bool
    """Whether it has a `Retry-After`."""
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What became of the requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    """Connections that ended without an answer."""
    without_when: int = 0
    """Answers 429 and 503 that do not say when to come again."""
    unsent: int = 0
    """Requests that waited for a connection until the end."""
    bodies: list[bytes] = field(default_factory=list)
    """Of those that were accepted."""

    @property
    def answered(self) -> int:
        return sum(self.statuses.values())

    def count(self, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        if answer.status == 202:
            self.bodies.append(answer.body)
        elif answer.status in (429, 503) and not answer.says_when:
            self.without_when += 1


class Connection(asyncio.Protocol):
    """A keep-alive connection with one request under way at a time, which reads as little as it can."""

    def __init__(self) -> None:
        self._read = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, request: bytes) -> Answer:
        """Raises ConnectionError where the server closes instead of answering."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None or not self.is_open:
            raise ConnectionResetError
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = bytes(self._read).partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        if end and len(body) >= int(fields.get(b"content-length", b"0")):
            self._read.clear()
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(Answer(int(head[9:12]), b"retry-after" in fields, body))


class Client:
    """Its connections stay open while the block runs."""

    def __init__(self, url: str) -> None:
        self._host, _, self._port = urlsplit(url).netloc.partition(":")
        self._all: list[Connection] = []
        self._idle: list[Connection] = []

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._all:
            connection.close()

    async def at_once(self, request: bytes, count: int, seconds: float) -> Tally:
        """Sends for so long over `count` connections, each as soon as the one before is answered."""
        tally, end = Tally(), time.monotonic() + seconds

        async def lane() -> None:
            while time.monotonic() < end:
                await self._one(request, tally)

        await asyncio.gather(*(lane() for _ in range(count)))
        return tally

    async def at_rate(self, request: bytes, rate: float, seconds: float) -> Tally:
        """Sends so many a second for so long, and waits for the answers.

        Where `MOST_CONNECTIONS` are busy, what is due waits until one is free, as in a client's pool.
        """
        tally, began, sent = Tally(), time.monotonic(), 0
        sending = set[asyncio.Task[None]]()
        while (elapsed := time.monotonic() - began) < seconds:
            due = int(min(elapsed, seconds) * rate) - sent
            for _ in range(min(due, MOST_CONNECTIONS - len(sending))):
                task = asyncio.create_task(self._one(request, tally))
                sending.add(task)
                task.add_done_callback(sending.discard)
                sent += 1
            await asyncio.sleep(TICK_S)
        tally.unsent = int(seconds * rate) - sent
        await asyncio.gather(*sending)
        return tally

    async def _one(self, request: bytes, tally: Tally) -> None:
        try:
            connection = self._idle.pop() if self._idle else await self._connect()
            answer = await connection.send(request)
        except ConnectionError:
            tally.broken += 1
            return
        tally.count(answer)
        if connection.is_open:
            self._idle.append(connection)

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, self._host, int(self._port))
        self._all.append(connection)
        return connection
