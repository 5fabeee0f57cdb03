"""A TCP proxy on loopback that breaks a link in the ways networks do, and counts what it broke."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from enrichment.devstack.ports import HOST
from tests.faults.plan import Kind

_PIECE = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no patience: closing sends RST."""
_DROP_EVERY = 3
"""Of the answers, while they are dropped: the first one is often only a pool's ping, and the INSERT comes after it."""

Upstream = Callable[[], tuple[str, int]]
"""Asked at each connection: a server's port is settled only when it has started."""


class Cut(Exception):
    """The link is to be broken now."""


@dataclass(slots=True)
class Damage:
    """What was done to the link since the mode was set."""

    connections_cut: int = 0
    connects_refused: int = 0
    bytes_stalled: int = 0
    pieces_delayed: int = 0
    answers_dropped: int = 0

    def __str__(self) -> str:
        counts = {name: getattr(self, name) for name in self.__slots__}
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)


class Connection:
    """One client's connection and the one to the server behind it."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.writers = [client]

    def cut(self) -> None:
        """Both ends get a reset at once, and what was under way is lost."""
        for writer in self.writers:
            bound = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


class Proxy:
    """Passes everything on until `break_` says otherwise. The port is its own for as long as it lives."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        # Bound but never listening: it keeps the port while connections to it are refused.
        self._place = self._socket(0)
        self.port: int = self._place.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()
        self._mode: Kind | None = None
        self._delay_s = 0.0
        self._answers = 0
        self._flows = asyncio.Event()
        self.damage = Damage()

    async def start(self) -> None:
        self._flows.set()
        await self._listen()

    async def stop(self) -> None:
        self._deafen()
        self._cut_all()
        self._place.close()

    async def break_(self, kind: Kind, delay_s: float = 0.0) -> None:
        """From now on `kind` is what happens on this link."""
        self.damage = Damage()
        self._mode, self._delay_s, self._answers = kind, delay_s, 0
        if kind is Kind.STALL:
            self._flows.clear()
        if kind is Kind.REFUSE:
            self._deafen()
        if kind in {Kind.REFUSE, Kind.RESET}:
            self._cut_all()
        if kind is Kind.REFUSE:
            await self._count_refusal()

    async def heal(self) -> None:
        """Everything passes again; what was stalled goes on its way."""
        self._mode = None
        self._flows.set()
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        listening = self._socket(self.port)
        self._server = await asyncio.start_server(self._serve, sock=listening, backlog=256)

    def _deafen(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _count_refusal(self) -> None:
        """Nobody can count the connects that the kernel refuses, so try one."""
        try:
            _, writer = await asyncio.open_connection(HOST, self.port)
        except ConnectionRefusedError:
            self.damage.connects_refused += 1
        else:
            writer.close()

    def _cut_all(self) -> None:
        for connection in list(self._open):
            connection.cut()
            self.damage.connections_cut += 1
        self._open.clear()

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        connection = Connection(to_client)
        self._open.add(connection)
        try:
            if self._mode is Kind.RESET:
                self.damage.connections_cut += 1
                connection.cut()
                return
            from_server, to_server = await asyncio.open_connection(*self._upstream())
            connection.writers.append(to_server)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(from_client, to_server, is_answer=False))
                pumps.create_task(self._pump(from_server, to_client, is_answer=True))
        except (OSError, ExceptionGroup):
            connection.cut()
        finally:
            self._open.discard(connection)
            for writer in connection.writers:
                writer.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool) -> None:
        while piece := await source.read(_PIECE):
            await self._toll(piece, is_answer=is_answer)
            sink.write(piece)
            await sink.drain()
        sink.close()  # after what is left to say; who has closed one direction is dead, in the protocols here

    async def _toll(self, piece: bytes, *, is_answer: bool) -> None:
        """What this piece goes through before it is passed on."""
        if self._mode is Kind.DELAY:
            self.damage.pieces_delayed += 1
            await asyncio.sleep(self._delay_s)
        if self._mode is Kind.DROP and is_answer:
            self._answers += 1
            if self._answers % _DROP_EVERY == 0:
                self.damage.answers_dropped += 1
                raise Cut
        if not self._flows.is_set():
            self.damage.bytes_stalled += len(piece)
            await self._flows.wait()

    @staticmethod
    def _socket(port: int) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((HOST, port))
        return bound
