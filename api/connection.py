"""A connection as we bound it: the head of a request has to come soon, and there are only so many at a time."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.load import RETRY_AFTER_S

HEAD_WITHIN_S = 15.0
"""From the connection, or the first byte of a later request, to the end of the headers."""
LARGEST_HEAD = 128 * 1024
"""Bytes that are read before the headers end. Heads that do end are measured by `api.middleware.Limits`."""

_ANSWER = "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: 0\r\n{}\r\n"


class Gathering:
    """A transport that sends at once what is written in one turn of the loop: the head of an answer and its body, which
    are written one after the other, would be two calls of the system and wake the other side twice.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self.is_closing = transport.is_closing
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._written:
            self._loop.call_soon(self._send)
        self._written.append(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._written:
            self._transport.write(b"".join(self._written))
            self._written.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """uvicorn's, with limits on what comes before there is a request to answer."""

    most: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0
        self._is_in_head = True
        self._too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, Gathering(transport, self.loop)))
        if len(self.connections) > self.most:
            self._refuse("503 Service Unavailable", f"retry-after: {RETRY_AFTER_S}\r\n")
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._is_in_head:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse("431 Request Header Fields Too Large")
            else:
                self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        self._head_is_there()
        super().on_headers_complete()

    def _await_head(self) -> None:
        """Not called of a head that comes whole, as nearly all do."""
        if self._too_late is None:
            self._too_late = self.loop.call_later(HEAD_WITHIN_S, self._refuse, "408 Request Timeout")

    def _head_is_there(self) -> None:
        self._is_in_head, self._head = False, 0
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None

    def _refuse(self, status: str, headers: str = "") -> None:
        if not self.transport.is_closing():
            self.transport.write(_ANSWER.format(status, headers).encode())
            self.transport.close()
