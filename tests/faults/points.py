"""Fault points: a child stops at a named place in its code and waits, so that a dangerous window is open for certain.

Only `mutants` has them; the product's code has none.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from enrichment.devstack.ports import HOST

_WITHIN_S = 20.0


class Point:
    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self.passed = asyncio.Event()


class Points:
    """The harness's side, a server on loopback. A point that was armed holds the next who comes there, and no other."""

    def __init__(self) -> None:
        self._points: dict[str, Point] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for point in self._points.values():
            point.go.set()
        if self._server is not None:
            self._server.close()

    def arm(self, name: str) -> None:
        self._points[name] = Point()

    async def reached(self, name: str) -> None:
        """Returns when somebody waits there."""
        async with asyncio.timeout(_WITHIN_S):
            await self._points[name].reached.wait()

    async def go(self, name: str) -> None:
        """Lets it go on, and returns when it has left the point behind."""
        self._points[name].go.set()
        async with asyncio.timeout(_WITHIN_S):
            await self._points[name].passed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        point = self._points.get((await reader.readline()).decode().strip())
        is_first = point is not None and not point.reached.is_set()
        if point is not None and is_first:
            point.reached.set()
            await point.go.wait()
        writer.write(b"go\n")
        if point is not None and is_first and await reader.readline():
            point.passed.set()
        writer.close()


@asynccontextmanager
async def at(port: int, name: str) -> AsyncIterator[None]:
    """The child's side: waits until the harness lets it go, and tells it when the block is done."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"{name}\n".encode())
        await reader.readline()
        yield
        writer.write(b"passed\n")
    finally:
        writer.close()
