"""The body of a bulk, in pieces: NDJSON as it arrives, unpacked if it comes packed; or a JSON array for a small one."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from api import reader
from enrichment.errors import Fault, InvalidInput, Malformed, NotJson

NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
ARRAY = "application/json"
PIECE_WITHIN_S = 50.0
"""A little less than what a server of ours lets a transaction idle."""
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 64 * 1024
"""Unpacked bytes at a time: a packed body must not become a large one all at once."""


async def pieces(request: Request, array_limit: int) -> AsyncIterator[bytes]:
    """The lines of the body, in pieces of any size. `array_limit` is in bytes, for a JSON array.

    Raises:
        NotJson: the content type or encoding is none of these; two content types, or another charset.
        Malformed: the packed body is damaged; or the array is no JSON.
        TooLarge: the array has more bytes.
        TooSlow: nothing came for `PIECE_WITHIN_S`; of an array, see `reader.read`.
    """
    media_type = reader.media_type(request)
    if media_type == ARRAY:
        async for piece in _array(request, array_limit):
            yield piece
    elif media_type in NDJSON:
        async for piece in _unpacked(request):
            yield piece
    else:
        raise NotJson(f"Send one JSON object a line as {NDJSON[0]}, in UTF-8, or a small array as {ARRAY}")


async def _array(request: Request, limit: int) -> AsyncIterator[bytes]:
    candidates = await reader.read(request, limit)
    if not isinstance(candidates, list):
        raise InvalidInput("The body is no array", (Fault("", "must be an array of candidates"),))
    for candidate in candidates:
        yield json.dumps(candidate).encode() + b"\n"


async def _unpacked(request: Request) -> AsyncIterator[bytes]:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        async for piece in _arriving(request):
            yield piece
        return
    if encoding != "gzip":
        raise NotJson("Send the body as it is, or packed with gzip")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        async for packed in _arriving(request):
            while packed:
                if unpacker.eof:  # packed files one after another are one packed file
                    unpacker = zlib.decompressobj(_GZIP)
                yield unpacker.decompress(packed, _PIECE)
                packed = unpacker.unconsumed_tail or unpacker.unused_data
    except zlib.error:
        raise Malformed("The packed body is damaged") from None
    if not unpacker.eof:
        raise Malformed("The packed body is cut short")


async def _arriving(request: Request) -> AsyncIterator[bytes]:
    """However long it takes as a whole: an upload is as slow as the line that it comes through."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(PIECE_WITHIN_S):
                piece = await anext(stream, None)
        except TimeoutError:
            raise reader.too_slow() from None
        if piece is None:
            return
        yield piece
