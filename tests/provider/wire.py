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
    """Closes the connection without an answer: the server gives up on a response that was never begun."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        return


def completion(
    request: JSON,
    arguments: JSON,
    *,
    usage: JSON | None = USAGE,
    finish: str = "tool_calls",
    raw: str | None = None,
    cut: bool = False,
    pieces: int = 5,
    pause_s: float = 0.0,
    error_after: int | None = None,
    break_after: int | None = None,
) -> Response:
    """A call of the output tool with these arguments.

    `cut`: half of it. `error_after`, `break_after`: so many pieces come, then an error event, or nothing.
    """
    written = json.dumps(arguments) if raw is None else raw
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
