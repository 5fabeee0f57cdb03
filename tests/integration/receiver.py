"""A receiver of webhooks: a real HTTP server that keeps what it gets and answers as it is told."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Message:
    path: str
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


@dataclass
class Receiver:
    """`answers` are given in turn, then 204."""

    url: str
    answers: list[Response] = field(default_factory=list)
    got: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    is_slow: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is set nothing is answered."""

    async def next(self) -> Message:
        async with asyncio.timeout(30):
            return await self.got.get()

    async def receive(self, request: Request) -> Response:
        text = (await request.body()).decode()
        self.got.put_nowait(Message(request.url.path, dict(request.headers), text))
        while self.is_slow.is_set() and not await request.is_disconnected():
            await asyncio.sleep(0.01)
        return self.answers.pop(0) if self.answers else Response(status_code=204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        receiver = Receiver(f"http://127.0.0.1:{listening.getsockname()[1]}/told")
        app = Starlette(routes=[Route("/{path:path}", receiver.receive, methods=["GET", "POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield receiver
        server.should_exit = True
        await task
