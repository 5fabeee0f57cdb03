"""Chat completions as they travel: server-sent events, in pieces."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

JSON = dict[str, Any]
USAGE = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}


class Dropped(Response):
    """Closes the connection without an answer: the server gives up on a response that was never begun, or never ended.

    `piece` comes before that.
    """

    def __init__(self, piece: str = "") -> None:
        self._piece = piece

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._piece:
            headers = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._piece.encode(), "more_body": True})


def completion(
    request: JSON,
    arguments: JSON,
    *,
    usage: JSON | None = USAGE,
    finish: str = "tool_calls",
    raw: str | None = None,
    as_it_is: bool = False,
    cut: bool = False,
    pieces: int = 5,
    pause_s: float = 0.0,
    error_after: int | None = None,
    break_after: int | None = None,
) -> Response:
    """A call of the output tool with these arguments.

    `as_it_is`: no character is escaped in the arguments. `cut`: half of them. `error_after`, `break_after`: so many
    pieces come, then an error event, or nothing.
    """
    written = json.dumps(arguments, ensure_ascii=not as_it_is) if raw is None else raw
    if cut:
        written = written[: len(written) // 2]
    name = request["tools"][0]["function"]["name"]
    head = {"index": 0, "id": "call-1", "type": "function", "function": {"name": name, "arguments": ""}}
    size = max(1, -(-len(written) // pieces))
    parts = [written[at : at + size] for at in range(0, len(written), size)]

    async def events() -> AsyncIterator[str]:
        yield _event({"role": "assistant", "content": None, "tool_calls": [head]})
        for number, part in enumerate(parts, start=1):
            if pause_s:
                await asyncio.sleep(pause_s)
            yield _event({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
            if number == error_after:
                yield f"data: {json.dumps({'error': {'type': 'overloaded_error', 'message': 'overloaded'}})}\n\n"
                return
            if number == break_after:
                return
        yield _event({}, finish=finish)
        if usage is not None:
            yield f"data: {json.dumps(_chunk([]) | {'usage': usage})}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def beginning() -> str:
    """The first piece of an answer."""
    return _event({"role": "assistant", "content": "On"})


def prose(request: JSON, text: str, *, usage: JSON | None = USAGE, finish: str = "stop") -> Response:
    """A text, where the output tool was to be called."""

    async def events() -> AsyncIterator[str]:
        yield _event({"role": "assistant", "content": text})
        yield _event({}, finish=finish)
        yield f"data: {json.dumps(_chunk([]) | {'usage': usage})}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def _event(delta: JSON, finish: str | None = None) -> str:
    return f"data: {json.dumps(_chunk([{'index': 0, 'delta': delta, 'finish_reason': finish}]))}\n\n"


def _chunk(choices: list[JSON]) -> JSON:
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "fake", "choices": choices}
