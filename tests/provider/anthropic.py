"""Anthropic's messages as they travel: the same honest answers, in the other protocol."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tests.provider import answers

JSON = dict[str, Any]
MESSAGE: JSON = {
    "id": "m-1",
    "type": "message",
    "role": "assistant",
    "model": "fake",
    "content": [],
    "stop_reason": None,
}

TEXT: JSON = {"type": "text", "text": ""}


def error(status: int, kind: str, message: str = "", headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"type": "error", "error": {"type": kind, "message": message}}, status, headers)


def answer(body: JSON, *, pieces: int = 5, stop: str | None = "end_turn") -> Response:
    """JSON, by the output tool or, where the request asks for that, as a text.

    With a `refusal` none, and without `stop` the stream ends before the answer does.
    """
    tool = body["tools"][0] if body.get("tools") else None
    schema = tool["input_schema"] if tool else body["output_config"]["format"]["schema"]
    request = {"tools": [{"function": {"parameters": schema}}], "messages": body["messages"]}
    written = json.dumps(answers.honest(request))
    size = -(-len(written) // pieces)

    def block() -> Iterator[str]:
        called = {"type": "tool_use", "id": "call-1", "name": tool["name"], "input": {}} if tool else TEXT
        yield _event("content_block_start", index=0, content_block=called)
        for at in range(0, len(written), size):
            part = written[at : at + size]
            delta = {"type": "input_json_delta", "partial_json": part} if tool else {"type": "text_delta", "text": part}
            yield _event("content_block_delta", index=0, delta=delta)
            if stop is None:
                return
        yield _event("content_block_stop", index=0)

    async def events() -> AsyncIterator[str]:
        usage = {"input_tokens": 900, "cache_read_input_tokens": 100, "output_tokens": 1}
        yield _event("message_start", message={**MESSAGE, "usage": usage})
        if stop != "refusal":
            for event in block():
                yield event
        if stop is not None:
            delta = {"stop_reason": stop, "stop_sequence": None}
            yield _event("message_delta", delta=delta, usage={"output_tokens": 100})
            yield _event("message_stop")

    return StreamingResponse(events(), media_type="text/event-stream")


async def behave(scenario: str, request: Request) -> Response:
    match scenario:
        case "rate_limited":
            return error(429, "rate_limit_error", headers={"retry-after": "7"})
        case "overloaded":
            return error(529, "overloaded_error")
        case "unauthorized":
            return error(401, "authentication_error")
        case "too_long":
            return error(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")
        case "breaks_off":
            return answer(await request.json(), stop=None)
        case "refuses":
            return answer(await request.json(), stop="refusal")
        case _:
            return answer(await request.json())


def _event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"
