"""Payloads as Temporal's Web UI sends them. Loaded only where they are encrypted: Temporal's client comes with it."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence

from temporalio.api.common.v1 import Payload

from api.bodies import CodecPayload, CodecPayloads
from enrichment import payloads
from enrichment.errors import Fault, InvalidInput
from enrichment.payloads import EncryptedPayloads, Unreadable
from enrichment.settings import Settings


class WebCodec:
    """The settings' codec, in and out of JSON. Raises InvalidInput of what it cannot read."""

    def __init__(self, codec: EncryptedPayloads) -> None:
        self._codec = codec

    async def decode(self, body: CodecPayloads) -> CodecPayloads:
        return await _through(self._codec.decode, body)

    async def encode(self, body: CodecPayloads) -> CodecPayloads:
        return await _through(self._codec.encode, body)


def codec(settings: Settings) -> WebCodec | None:
    """None where the settings hold no keys."""
    encrypting = payloads.codec(settings)
    return None if encrypting is None else WebCodec(encrypting)


async def _through(work: Callable[[Sequence[Payload]], Awaitable[list[Payload]]], body: CodecPayloads) -> CodecPayloads:
    try:
        done = await work([_read(payload) for payload in body.payloads])
    except (Unreadable, binascii.Error) as error:
        reason = str(error) if isinstance(error, Unreadable) else "is not base64"
        raise InvalidInput("A payload cannot be read", (Fault("/payloads", reason),)) from None
    return CodecPayloads(payloads=[_written(payload) for payload in done])


def _read(payload: CodecPayload) -> Payload:
    metadata = {name: base64.b64decode(value, validate=True) for name, value in payload.metadata.items()}
    return Payload(metadata=metadata, data=base64.b64decode(payload.data, validate=True))


def _written(payload: Payload) -> CodecPayload:
    metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
    return CodecPayload(metadata=metadata, data=base64.b64encode(payload.data).decode())
