"""What happens around every request. Plain ASGI: Starlette's `BaseHTTPMiddleware` would buffer the streams.

What only passes a request on hands out the next one's coroutine, and adds none of its own.
"""

from collections.abc import Awaitable, MutableMapping
from itertools import chain
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from enrichment.access.limits import Allowance
from enrichment.errors import InvalidInput

MAX_HEADER_BYTES = 32_768
MAX_URL_BYTES = 8_192

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_API_HEADERS = (*_HEADERS, (b"cache-control", b"no-store"))
"""What is said of candidates is kept by no cache."""


class Headers:
    """Puts the same strict headers on every answer, an error's too; and what the caller's key has left.

    A header that the answer has of its own stays.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = _API_HEADERS if scope["path"].startswith("/api") else _HEADERS
        state = scope.setdefault("state", {})

        def with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                own = dict(message.get("headers", ()))
                ours = [(name, value) for name, value in headers if name not in own]
                message["headers"] = [*message.get("headers", ()), *ours, *_left(state.get("allowance"))]
            return send(message)

        return self._app(scope, receive, with_headers)


def _left(allowance: Allowance | None) -> list[tuple[bytes, bytes]]:
    if allowance is None:
        return []
    numbers = {"limit": allowance.limit, "remaining": max(0, allowance.remaining), "reset": allowance.reset_s}
    return [(f"ratelimit-{name}".encode(), str(number).encode()) for name, number in numbers.items()]


class LastResort:
    """Answers 500 where nobody else did. Left to uvicorn, the error would close a connection that others wait on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        has_begun = False

        def watched(message: Message) -> Awaitable[None]:
            nonlocal has_begun
            has_begun = True
            return send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return None  # nobody is left to answer
        except Exception as error:
            problems.log_failure(scope, error)
            if has_begun:
                raise  # the answer cannot be mended: a closed connection says that it is cut short
            await problems.internal()(scope, receive, send)


class Limits:
    """Refuses addresses and headers that no honest caller needs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and (refusal := _beyond(scope)):
            status, title = refusal
            answer = problems.build(status, InvalidInput.code, title, f"{title} to be read")
            return answer(scope, receive, send)
        return self._app(scope, receive, send)


def _beyond(scope: MutableMapping[str, Any]) -> tuple[int, str] | None:
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
        return 414, "The address is too long"
    if sum(map(len, chain.from_iterable(scope["headers"]))) > MAX_HEADER_BYTES:
        return 431, "The headers are too large"
    return None


class HeadAsGet:
    """Answers HEAD wherever there is a GET: its status and headers, and an end to what it would go on to stream."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return self._app(scope, receive, send)
        has_ended = False

        async def until_headers() -> Message:
            return {"type": "http.disconnect"} if has_ended else await receive()

        async def headers_only(message: Message) -> None:
            nonlocal has_ended
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                has_ended = True

        return self._app({**scope, "method": "GET"}, until_headers, headers_only)
