"""More requests at a time than the process can serve: the rest is told at once to come again, instead of queueing."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from enrichment.errors import RateLimited

RETRY_AFTER_S = 1


class Shedder:
    """Lets so many requests in at a time. Streams count until their first byte; then they cost next to nothing."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/healthz", "/readyz"):
            return await self._app(scope, receive, send)
        if self._inside >= self._most:
            busy = "More requests at a time than this process serves; try again in a moment"
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            answer = problems.build(503, RateLimited.code, "The API is busy", busy, headers=headers)
            return await answer(scope, receive, send)
        self._inside += 1
        is_counted = True

        def leave() -> None:
            nonlocal is_counted
            self._inside -= is_counted
            is_counted = False

        def watched(message: Message) -> Awaitable[None]:
            leave()
            return send(message)

        try:
            return await self._app(scope, receive, watched)
        finally:
            leave()
