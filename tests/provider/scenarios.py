"""What the provider does to a request. A candidate that holds `scenario-NAME-TOKEN` is treated as NAME says.

Each scenario is a row of behaviours, one for each request with the same token in its turn; the last one stays.
"""

import re
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.provider import answers, wire

JSON = dict[str, Any]
Behaviour = Callable[[Request, JSON], Awaitable[Response]]

MARK = re.compile(r"scenario-([a-z0-9_]+)-([a-z0-9]+)")
FORBIDDEN = "echoed-by-the-provider"
"""Stands in every refusal, as a provider would quote the request: it must not get out of the worker."""


def refuses(status: int, code: str, *, headers: dict[str, str] | None = None) -> Behaviour:
    async def behave(request: Request, body: JSON) -> Response:
        error = {"message": f"{FORBIDDEN}: {code}", "type": code, "code": code}
        return JSONResponse({"error": error}, status, headers)

    return behave


def answers_with(write: Callable[[JSON], JSON] = answers.honest, **how: Any) -> Behaviour:
    async def behave(request: Request, body: JSON) -> Response:
        return wire.completion(body, write(body), **how)

    return behave


def says(text: str, **how: Any) -> Behaviour:
    """Prose instead of the output tool."""

    async def behave(request: Request, body: JSON) -> Response:
        return wire.prose(body, text, **how)

    return behave


async def html(request: Request, body: JSON) -> Response:
    return HTMLResponse(f"<h1>{FORBIDDEN}</h1>", 503, {"retry-after": "1"})


async def no_json(request: Request, body: JSON) -> Response:
    return Response(f"{FORBIDDEN} {{", media_type="application/json")


async def wrong_shape(request: Request, body: JSON) -> Response:
    return JSONResponse({"object": "list", "data": [FORBIDDEN]})


async def drops(request: Request, body: JSON) -> Response:
    return wire.Dropped()


async def drops_midway(request: Request, body: JSON) -> Response:
    return wire.Dropped(wire.beginning())


async def asks_until(request: Request, body: JSON) -> Response:
    """A refusal whose delay is a date, two to three seconds from now."""
    until = formatdate(time.time() + 3, usegmt=True)
    return await refuses(429, "rate_limit_exceeded", headers={"retry-after": until})(request, body)


GOOD = answers_with()
SCENARIOS: dict[str, tuple[Behaviour, ...]] = {
    "good": (GOOD,),
    "no_usage": (answers_with(usage=None),),
    "slow": (answers_with(pause_s=0.3, pieces=200),),
    "steady": (answers_with(pause_s=0.25, pieces=6),),
    "rate_limited_once": (refuses(429, "rate_limit_exceeded", headers={"retry-after": "1"}), GOOD),
    "rate_limited_until": (asks_until, GOOD),
    "rate_limited_until_past": (
        refuses(429, "rate_limit_exceeded", headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        GOOD,
    ),
    "rate_limited_without_delay": (refuses(429, "rate_limit_exceeded"), GOOD),
    "quota": (refuses(429, "insufficient_quota"),),
    "server_error_once": (refuses(500, "server_error"), GOOD),
    "server_error": (refuses(500, "server_error"),),
    "bad_gateway": (refuses(502, "bad_gateway"), GOOD),
    "html_503": (html, GOOD),
    "overloaded_in_stream": (answers_with(error_after=2), GOOD),
    "unauthorized_once": (refuses(401, "invalid_api_key"), GOOD),
    "cooling": (refuses(429, "rate_limit_exceeded", headers={"retry-after": "7"}), GOOD),
    "unauthorized": (refuses(401, "invalid_api_key"),),
    "forbidden": (refuses(403, "forbidden"),),
    "no_such_model": (refuses(404, "model_not_found"),),
    "too_long_once": (refuses(400, "context_length_exceeded"), GOOD),
    "too_long": (refuses(400, "context_length_exceeded"),),
    "too_large_once": (refuses(413, "request_too_large"), GOOD),
    "unknown_parameter": (refuses(400, "unsupported_parameter"),),
    "request_timeout": (refuses(408, "timeout"), GOOD),
    "filtered_400": (refuses(400, "content_filter"),),
    "filtered_200": (says("", finish="content_filter"),),
    "times_out": (answers_with(pause_s=30.0), GOOD),
    "drops_once": (drops, GOOD),
    "drops_midway": (drops_midway, GOOD),
    "breaks_off": (answers_with(break_after=2), GOOD),
    "prose_once": (says(FORBIDDEN), GOOD),
    "prose": (says(FORBIDDEN),),
    "empty": (says(""), says(""), GOOD),
    "malformed": (answers_with(raw="{" + FORBIDDEN), GOOD),
    "cut_off_once": (answers_with(finish="length", cut=True), GOOD),
    "no_json": (no_json, GOOD),
    "wrong_shape": (wrong_shape, GOOD),
    "nul": (answers_with(write=lambda body: answers.honest(body) | {"extra": "\0"}),),
    "hides": (answers_with(answers.hiding, as_it_is=True),),
    "half_characters": (says("\ud83d\0 \udc00"), answers_with(answers.hiding), GOOD),
    "odd_usage": (answers_with(usage={"prompt_tokens": -7, "completion_tokens": 10**12, "total_tokens": 0}),),
    "invents_once": (answers_with(answers.inventing), GOOD),
    "invents": (answers_with(answers.inventing),),
}
