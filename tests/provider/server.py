"""The server. One for a whole session: each test has tokens of its own."""

import asyncio
import json
import random
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Protocol

import uvicorn
from httpx import codes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from tests.provider import anthropic
from tests.provider.scenarios import MARK, SCENARIOS


@dataclass
class Seen:
    """What came with one token."""

    bodies: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """On the monotonic clock, as `ended_at`."""
    ended_at: dict[int, float] = field(default_factory=dict)
    """Of each request, counted from 0: when its answer was sent, or its caller had gone."""
    refused: set[int] = field(default_factory=set)
    """The requests that were not answered but refused: they cost nothing."""

    @property
    def count(self) -> int:
        return len(self.bodies)


@dataclass
class Provider:
    base_url: str
    seen: defaultdict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))
    closed: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """The token of each request whose caller closed the connection before the end."""

    @staticmethod
    def mark(scenario: str) -> tuple[str, str]:
        """The words that a candidate holds to be treated so, and the token to look it up by."""
        assert scenario in SCENARIOS
        token = "".join(random.choices(ascii_lowercase, k=12))  # with a 0 and digits it could be a telephone number
        return f"scenario-{scenario}-{token}", token

    async def complete(self, request: Request) -> Response:
        text = (await request.body()).decode()
        found = MARK.search(text)
        scenario, token = found.groups() if found else ("good", "unmarked")
        seen = self.seen[token]
        seen.bodies.append(text)
        seen.at.append(time.monotonic())
        behaviours = SCENARIOS[scenario]
        number = seen.count - 1
        response = await behaviours[min(number, len(behaviours) - 1)](request, json.loads(text))
        if response.status_code != codes.OK:
            seen.refused.add(number)

        def ended(*, is_whole: bool) -> None:
            seen.ended_at[number] = time.monotonic()
            if not is_whole:
                self.closed.put_nowait(token)

        return _Watched(response, ended)

    async def tell(self, _: Request) -> Response:
        """The counts, for who runs it as a process of its own."""
        return JSONResponse({token: seen.count for token, seen in self.seen.items()})


class Ended(Protocol):
    def __call__(self, *, is_whole: bool) -> None: ...


class _Watched(Response):
    """The response, and a word at its end: whether the caller has read it whole."""

    def __init__(self, response: Response, ended: "Ended") -> None:
        self._response = response
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_whole = False

        async def sending(message: Message) -> None:
            nonlocal is_whole
            await send(message)
            is_whole = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            await self._response(scope, receive, sending)
        finally:
            self._ended(is_whole=is_whole)


async def messages(request: Request) -> Response:
    """Anthropic's protocol; its scenario stands in the address."""
    return await anthropic.behave(request.path_params["scenario"], request)


def application(provider: Provider) -> Starlette:
    return Starlette(
        routes=[
            Route("/v1/chat/completions", provider.complete, methods=["POST"]),
            Route("/{scenario}/v1/messages", messages, methods=["POST"]),
            Route("/counts", provider.tell, methods=["GET"]),
        ]
    )


@asynccontextmanager
async def providing(port: int = 0) -> AsyncIterator[Provider]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        provider = Provider(f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
        config = uvicorn.Config(application(provider), log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield provider
        server.should_exit = True
        server.force_exit = True
        await task
