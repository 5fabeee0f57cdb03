"""What a route is given beside its query and body, and what no parameter may hold. What is not named is refused."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Header, Path, Query, Request
from pydantic import Field

from api.access import Caller
from api.queries import DIGITS, JobId, NoQuery
from enrichment.access.scopes import Principal
from enrichment.errors import Fault, InvalidInput
from enrichment.service import EnrichmentQueue


async def plain_parameters(request: Request) -> None:
    """What no parameter may hold, said once: bytes that are not UTF-8, NUL, and a name given twice."""
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise InvalidInput("The request has two keys", (Fault("/Idempotency-Key", "is given twice: send one"),))
    raw = request.scope["query_string"]
    if not raw:
        return
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise InvalidInput("The query is not text in UTF-8") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidInput("The query names a parameter twice")
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidInput("The query holds a NUL character")


async def _queue(request: Request, caller: Caller) -> EnrichmentQueue:
    """As the caller's tenant sees it; where nobody is asked, as no tenant's."""
    return of_caller(request.app.state.queue, caller)


def of_caller(queue: EnrichmentQueue, caller: Principal | None) -> EnrichmentQueue:
    return queue if caller is None else queue.for_tenant(caller.tenant)


TheQueue = Annotated[EnrichmentQueue, Depends(_queue)]
JobIdInPath = Annotated[JobId, Path(alias="jobId", description="A job's id")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern="^[ -~]*$",
        description="The same key with the same body names the same job, however often it is sent",
    ),
]
LastEventId = Annotated[
    Annotated[int, Field(ge=0, lt=2**63), DIGITS] | None,
    Header(alias="Last-Event-ID", description="Only what came after this event"),
]
Nothing = Annotated[NoQuery, Query()]
