"""The one reader of JSON bodies: counted while they arrive, and read strictly."""

from typing import Any

from starlette.requests import Request

from enrichment import strict_json
from enrichment.errors import NotJson, TooLarge


async def read(request: Request, limit: int) -> Any:
    """The body as a JSON value. `limit` is in bytes, counted while they arrive.

    Raises:
        NotJson: another content type, or none.
        TooLarge: announced or sent more than `limit`.
        Malformed: no JSON text in UTF-8, or one that two readers would read differently.
        InvalidInput: JSON that says something that cannot be stored.
    """
    if not _is_json(request.headers.get("content-type", "")):
        raise NotJson("Send JSON, with the header `Content-Type: application/json`")
    if int(request.headers.get("content-length", "0")) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return strict_json.parse(bytes(body))


def has_body(request: Request) -> bool:
    """Whether the request brings a body, going by its headers (RFC 9112, section 6.3)."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body has more than {limit} bytes")
