"""`/api/candidates/{candidateId}`: what is held of a candidate, and its erasure."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.responses import Response

from api import answers
from api.access import OWNER, Caller
from api.openapi import problems
from api.parameters import Nothing, TheQueue
from enrichment.erasure.act import Receipt
from enrichment.erasure.exports import Export
from enrichment.models import Identifier


class _Anything(PathConvertor):
    """Line breaks too: whether it is an id is said by the parameter, and not by there being no such address."""

    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())

CandidateId = Annotated[Identifier, Path(alias="candidateId", description="The candidate's id in your system")]

router = APIRouter(prefix="/api/candidates", tags=["candidates"])


@router.get(
    "/{candidateId:anything}/export", summary="Export all that is held", response_model=Export, responses=problems()
)
async def export(queue: TheQueue, candidate_id: CandidateId, _: Nothing) -> Response:
    """Every job with its data, results, documents, events, reviews, usage, audit and kept answers, as they are held."""
    return answers.send(await queue.export_candidate(candidate_id))


@router.delete("/{candidateId:anything}", summary="Erase a candidate", response_model=Receipt, responses=problems())
async def erase(queue: TheQueue, caller: Caller, candidate_id: CandidateId, _: Nothing) -> Response:
    """Cancels what runs and deletes everything in every store. The receipt says how much, by store.

    Repeating it is harmless: the counts are zero then. After a 503 repeat it, to finish what is left.
    """
    return answers.send(await queue.erase_candidate(candidate_id, by=(caller or OWNER).actor))
