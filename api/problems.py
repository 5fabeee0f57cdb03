"""Every failure as RFC 9457 `application/problem+json`: stable codes, pointers, reasons, and never the input itself."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from enrichment.errors import (
    EnrichmentError,
    Fault,
    Internal,
    InvalidInput,
    NotFound,
    StorageUnavailable,
    TooSlow,
    Unauthorized,
    UnsupportedType,
)
from enrichment.events import REQUEST_FAILED
from enrichment.pointers import escape
from enrichment.submission import MOST_FAULTS

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = timedelta(seconds=2)
"""What a caller is told after a 503 whose error does not know better."""

log = logging.getLogger(__name__)


def of(error: EnrichmentError) -> Response:
    """The answer that says what `error` does; of our own faults it says only that they happened."""
    faults = getattr(error, "faults", ())
    detail = "It is logged; trying again may help" if error.http_status == Internal.http_status else error.message
    wait = error.retry_after or (RETRY_AFTER if error.http_status == 503 else None)
    headers = {"Retry-After": str(max(1, round(wait.total_seconds())))} if wait else {}
    if error.http_status == TooSlow.http_status:
        headers["Connection"] = "close"
    if error.http_status == Unauthorized.http_status:
        headers["WWW-Authenticate"] = "Bearer"
    return build(error.http_status, error.code, error.title, detail, faults, headers)


def answer(scope: Mapping[str, Any], error: EnrichmentError) -> Response:
    """The answer to a request that failed so; what the caller is not to blame for is logged."""
    if error.http_status >= 500:
        log_failure(scope, error)
    return of(error)


def build(
    status: int,
    code: str,
    title: str,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = {
        "type": f"urn:enrichment:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"pointer": fault.pointer, "reason": fault.reason} for fault in faults],
    }
    return Response(json.dumps(body), status, headers, MEDIA_TYPE)


def of_body(error: ValidationError) -> InvalidInput | UnsupportedType:
    """What is wrong with a body, in the words of its JSON."""
    return _refusal(error.errors(include_url=False, include_input=False), "The body is not valid")


_REASONS = {"missing": "is required", "extra_forbidden": "is not expected here", "model_type": "should be an object"}
_SUBJECT = re.compile(r"^(Input|String|List|Tuple|Value|Dictionary) should ")
_ASIDE = " after validation"
"""Of Pydantic, to who knows of none."""
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")


def _refusal(errors: Sequence[Mapping[str, Any]], detail: str, *, skip: int = 0) -> InvalidInput | UnsupportedType:
    """Pydantic's errors as ours. `skip` drops what FastAPI puts before a field's name: `query`, `path` or `header`."""
    faults = tuple(Fault(_pointer(error, skip), _reason(error)) for error in errors[:MOST_FAULTS])
    if any(error["type"] == "unsupported_type" for error in errors):
        return UnsupportedType("The job type is not one of those that there are", faults)
    return InvalidInput(detail, faults)


def _pointer(error: Mapping[str, Any], skip: int) -> str:
    """The field's place. A name that the caller made up is shown only where it looks like a field's name."""
    path = [*error["loc"][skip:]]
    if error["type"] == "extra_forbidden" and not _FIELD_NAME.fullmatch(str(path[-1])):
        path.pop()
    if "field" in error.get("ctx", {}):
        path.append(error["ctx"]["field"])
    return "".join(f"/{escape(str(part))}" for part in path)


def _reason(error: Mapping[str, Any]) -> str:
    """Our validators speak without a subject ("is no job type"); Pydantic's sentences are brought to that form."""
    if "field" in error.get("ctx", {}):
        return str(error["msg"])
    return _REASONS.get(error["type"]) or _SUBJECT.sub("should ", str(error["msg"])).replace(_ASIDE, "")


_OF_STATUS = {
    404: (NotFound.code, "There is no such address"),
    405: (InvalidInput.code, "The address does not take this method"),
}


class Handlers:
    """What FastAPI calls when a request fails. `routes` are all that there are: `Allow` is gathered from them."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes

    def register(self, app: FastAPI) -> None:
        app.add_exception_handler(EnrichmentError, self._product)
        app.add_exception_handler(RequestValidationError, self._parameters)
        app.add_exception_handler(HTTPException, self._http)

    async def _product(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, EnrichmentError)  # noqa: S101 registered for it
        return answer(request.scope, error)

    async def _parameters(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 registered for it
        return of(_refusal(error.errors(), "The request's parameters are not valid", skip=1))

    async def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 registered for it
        code, title = _OF_STATUS.get(error.status_code, (InvalidInput.code, InvalidInput.title))
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = self._allowed(request)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
        return build(error.status_code, code, title, f"{title}; see /openapi.json", headers=headers)

    def _allowed(self, request: Request) -> str:
        """The framework's own answer names the methods of one route, and an address can have several."""
        methods = {"OPTIONS"}
        for route in self._routes:
            if route.matches(request.scope)[0] is not Match.NONE:
                methods |= getattr(route, "methods", None) or set()
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def internal() -> Response:
    """The answer to a fault of ours that nobody expected."""
    return of(Internal("unexpected"))


def log_failure(scope: Mapping[str, Any], error: Exception) -> None:
    """By class and route alone: the error's message and the address may hold what the caller sent.

    What is away comes back; anything else is a fault of ours.
    """
    route = getattr(scope.get("route"), "path", "")
    extra = REQUEST_FAILED.fields(error=error, method=scope["method"], path=route)
    if isinstance(error, StorageUnavailable):
        log.warning("A request was refused", extra=extra)
    else:
        log.error("A request failed", extra=extra, exc_info=None if isinstance(error, EnrichmentError) else error)
