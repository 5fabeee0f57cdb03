"""`/codec`: what Temporal's Web UI shows instead of encrypted payloads, to those who may administer.

In the Web UI's settings the codec server is `http://…/codec`, with credentials: the session of this API's page.
"""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api import answers
from api.bodies import CodecPayloads, TheCodecPayloads
from api.openapi import CODEC_BODY, OF_BODY, problems
from api.parameters import Nothing
from enrichment.errors import NotFound

router = APIRouter(prefix="/codec", tags=["operations"])
_STATUSES = (404, *OF_BODY)


class Codec(Protocol):
    """`api.codec.WebCodec`, which is loaded only where it is wanted."""

    async def decode(self, body: CodecPayloads) -> CodecPayloads: ...

    async def encode(self, body: CodecPayloads) -> CodecPayloads: ...


def _codec(request: Request) -> Codec:
    codec: Codec | None = request.app.state.codec
    if codec is None:
        raise NotFound("Nothing is encrypted here: ENRICHMENT_TEMPORAL_KEYS is not set")
    return codec


TheCodec = Annotated[Codec, Depends(_codec)]


@router.post(
    "/decode",
    summary="Decrypt payloads of Temporal",
    response_model=CodecPayloads,
    responses=problems(*_STATUSES),
    openapi_extra=CODEC_BODY,
)
async def decode(codec: TheCodec, body: TheCodecPayloads, _: Nothing) -> Response:
    """Payloads as Temporal's Web UI sends them; what is not encrypted comes back as it is."""
    return answers.send(await codec.decode(body))


@router.post(
    "/encode",
    summary="Encrypt payloads for Temporal",
    response_model=CodecPayloads,
    responses=problems(*_STATUSES),
    openapi_extra=CODEC_BODY,
)
async def encode(codec: TheCodec, body: TheCodecPayloads, _: Nothing) -> Response:
    """What the Web UI sends to a workflow: the reason of a cancel, say."""
    return answers.send(await codec.encode(body))
