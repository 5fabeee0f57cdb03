"""Server-sent events in one ASGI response, and a job's progress as such.

Weighed: FastAPI's own (`fastapi.sse`, since 0.135) and sse-starlette. Neither knows when uvicorn stops (the latter
patches uvicorn's signal handler), the former's ping is a private constant, and both want the events as objects to be
serialised again. What is left to write is the frame, and the race below.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.answers import view
from enrichment.cancellation import stop
from enrichment.errors import EnrichmentError, NotFound
from enrichment.events import REQUEST_FAILED
from enrichment.models import Job
from enrichment.outage import Outage

PING_EVERY_S = 10.0
"""Below the idle time-outs of common proxies."""
LOOK_AGAIN_S = 1.0
"""Between attempts to read a job while the database is away."""

_UNBUFFERED = {"X-Accel-Buffering": "no"}
"""Else nginx holds events back until its buffer is full."""
_PING = b": ping\n\n"
RETRY = b"retry: 1000\n"
"""After how many milliseconds a client comes again. It goes out with the first event: some clients take it for one."""

Watch = Callable[[], AsyncGenerator[Job, None]]


class EventStream(StreamingResponse):
    """Sends frames until there are no more, the client leaves, or `stopping` is set."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], stopping: asyncio.Event) -> None:
        self._frames = frames
        super().__init__(frames, headers=_UNBUFFERED)
        self._stopping = stopping

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        endings = [
            asyncio.create_task(ending, name="events")
            for ending in (self._send_events(send), self._stopping.wait(), _disconnected(receive))
        ]
        ping = asyncio.create_task(_keep_alive(send), name="events ping")
        try:
            await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop(*endings, ping)
        following = endings[0]
        if not following.cancelled():
            following.result()  # raises what nobody expected
        await send({"type": "http.response.body", "body": b""})

    async def _send_events(self, send: Send) -> None:
        async for frame in self._frames:
            await _write(send, frame)


async def progress_of(watch: Watch, after: int) -> AsyncIterator[bytes]:
    """Progress newer than `after`, in the order of its numbers, then the end. A database that is away is waited for.

    `after` is the last event that the client has seen: one that comes again with it misses nothing.
    """
    preface = RETRY
    outage = Outage(REQUEST_FAILED, "The events of a job wait for the database")
    while True:
        try:
            async with aclosing(watch()) as jobs:
                async for job in jobs:
                    outage.end()
                    if job.status.is_terminal:
                        yield preface + _end(job)
                    elif job.progress and _is_news(job.progress.seq, after):
                        after = job.progress.seq
                        yield preface + frame("progress", job.progress.model_dump_json(by_alias=True), after)
                        preface = b""
        except NotFound:
            return  # deleted meanwhile: there is no end to tell of
        except EnrichmentError as error:
            # A browser does not come again after a 503: the stream it has is worth keeping.
            outage.begin(error)
            await asyncio.sleep(LOOK_AGAIN_S)
        else:
            return


def _is_news(seq: int, after: int) -> bool:
    """Progress without a number is a guess from the row: told only to those who have heard nothing better."""
    return seq > after or (seq == 0 and after == 0)


def _end(job: Job) -> bytes:
    return frame(job.status, view(job).model_dump_json(by_alias=True), job.progress.seq if job.progress else 0)


def frame(event: str, data: str, seq: int = 0) -> bytes:
    """One event. `data` is JSON, so it holds no line break."""
    number = f"id: {seq}\n" if seq else ""
    return f"event: {event}\n{number}data: {data}\n\n".encode()


async def _write(send: Send, frame: bytes) -> None:
    await send({"type": "http.response.body", "body": frame, "more_body": True})


async def _keep_alive(send: Send) -> None:
    while True:
        await asyncio.sleep(PING_EVERY_S)
        await _write(send, _PING)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
