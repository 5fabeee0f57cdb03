"""`/codec`: what Temporal's Web UI shows instead of encrypted payloads, to those who may administer.

In the Web UI's settings the codec server is `http://…/codec`, with credentials: the session of this API's page.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from temporalio.api.common.v1 import Payload

from api import answers
from api.bodies import CodecPayload, CodecPayloads, TheCodecPayloads
from api.openapi import CODEC_BODY, OF_BODY, problems
from api.parameters import Nothing
from enrichment.errors import Fault, InvalidInput, NotFound
from enrichment.payloads import EncryptedPayloads, Unreadable

router = APIRouter(prefix="/codec", tags=["operations"])
_STATUSES = (404, *OF_BODY)


def _codec(request: Request) -> EncryptedPayloads:
    codec: EncryptedPayloads | None = request.app.state.codec
    if codec is None:
        raise NotFound("Nothing is encrypted here: ENRICHMENT_TEMPORAL_KEYS is not set")
    return codec


TheCodec = Annotated[EncryptedPayloads, Depends(_codec)]


@router.post(
    "/decode",
    summary="Decrypt payloads of Temporal",
    response_model=CodecPayloads,
    responses=problems(*_STATUSES),
    openapi_extra=CODEC_BODY,
)
async def decode(codec: TheCodec, body: TheCodecPayloads, _: Nothing) -> Response:
    """Payloads as Temporal's Web UI sends them; what is not encrypted comes back as it is."""
    return await _through(codec.decode, body)


@router.post(
    "/encode",
    summary="Encrypt payloads for Temporal",
    response_model=CodecPayloads,
    responses=problems(*_STATUSES),
    openapi_extra=CODEC_BODY,
)
async def encode(codec: TheCodec, body: TheCodecPayloads, _: Nothing) -> Response:
    """What the Web UI sends to a workflow: the reason of a cancel, say."""
    return await _through(codec.encode, body)


async def _through(work: Callable[[Sequence[Payload]], Awaitable[list[Payload]]], body: CodecPayloads) -> Response:
    try:
        payloads = await work([_read(payload) for payload in body.payloads])
    except (Unreadable, binascii.Error) as error:
        reason = str(error) if isinstance(error, Unreadable) else "is not base64"
        raise InvalidInput("A payload cannot be read", (Fault("/payloads", reason),)) from None
    return answers.send(CodecPayloads(payloads=[_written(payload) for payload in payloads]))


def _read(payload: CodecPayload) -> Payload:
    metadata = {name: base64.b64decode(value, validate=True) for name, value in payload.metadata.items()}
    return Payload(metadata=metadata, data=base64.b64decode(payload.data, validate=True))


def _written(payload: Payload) -> CodecPayload:
    metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
    return CodecPayload(metadata=metadata, data=base64.b64encode(payload.data).decode())
