"""The one reader of JSON bodies: counted while they arrive, and read strictly."""

import asyncio
import re
from typing import Any

from starlette.requests import Request

from api import header
from enrichment import strict_json
from enrichment.errors import NotJson, TooLarge, TooSlow

BODY_WITHIN_S = 30.0
"""From the end of the headers to the end of the body: who is slower would hold a place that others wait for."""
_CHARSET = re.compile(r'charset="?([^\s";]*)')


async def read(request: Request, limit: int) -> Any:
    """The body as a JSON value. `limit` is in bytes, counted while they arrive.

    Raises:
        NotJson: another content type, or none, or two; another charset; or it is packed.
        TooLarge: announced or sent more than `limit`.
        TooSlow: it took more than `BODY_WITHIN_S`.
        Malformed: no JSON text in UTF-8, or one that two readers would read differently.
        InvalidInput: JSON that says something that cannot be stored.
    """
    kind = media_type(request)
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise NotJson("Send JSON in UTF-8, with the header `Content-Type: application/json`")
    packing = header.first(request, b"content-encoding")
    if packing is not None and packing.strip().lower() != "identity":
        raise NotJson("Send the body as it is: only the lines of a bulk may be packed")
    if int(header.first(request, b"content-length") or 0) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise too_slow() from None
    return strict_json.parse(bytes(body))


def has_body(request: Request) -> bool:
    """Whether the request brings a body, going by its headers (RFC 9112, section 6.3)."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def media_type(request: Request) -> str:
    """What the body is, in lower case and without parameters; empty if that is not said, said twice, or not UTF-8."""
    content_types = request.headers.getlist("content-type")
    if len(content_types) != 1:
        return ""
    kind, _, parameters = content_types[0].lower().partition(";")
    charset = _CHARSET.search(parameters)
    return kind.strip() if charset is None or charset[1] == "utf-8" else ""


def too_slow() -> TooSlow:
    return TooSlow("The rest of the body does not come: send it again")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body has more than {limit} bytes")
