"""`/api/enrichment`: submitting, and the calls that name a job or an overview in the query."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import answers, reader, upload
from api.bodies import TheSubmission
from api.openapi import BULK_BODY, OF_BODY, SUBMISSION_BODY, Responses, problems
from api.parameters import IdempotencyKey, TheQueue
from api.queries import BulkQuery, ReadQuery, SteerQuery, SubmitQuery
from enrichment.errors import Fault, InvalidInput
from enrichment.health import Health, Verdict
from enrichment.settings import Settings
from enrichment.spending.estimates import Estimate
from enrichment.statistics import Stats

router = APIRouter(tags=["enrichment"])

DRY_RUN: Responses = {200: {"description": "With `dryRun`: what it would take", "model": Estimate}}


def unhealthy() -> Responses:
    """The health is the answer at 503 too; a job that cannot be read is a problem as everywhere."""
    return {503: problems()[503] | {"description": "The health, or the database cannot be reached", "model": Health}}


@router.post(
    "/api/enrichment",
    status_code=202,
    summary="Submit a job",
    response_model=answers.AcceptedView,
    responses=problems(*OF_BODY) | DRY_RUN,
    openapi_extra=SUBMISSION_BODY,
)
async def submit(
    queue: TheQueue, submission: TheSubmission, how: Annotated[SubmitQuery, Query()], key: IdempotencyKey = None
) -> Response:
    """Answers when the job is stored: from then on it reaches `completed`, `failed` or `cancelled`, whatever breaks.

    With an `Idempotency-Key` the request can be repeated safely; a repeated one is answered with the same job and
    `Idempotent-Replayed: true`. With `dryRun=true` it tells what the job would take, and stores nothing.
    """
    if how.dry_run:
        return answers.send(await queue.estimate_job(submission))
    return answers.send_accepted(await queue.add_job(submission, idempotency_key=key))


@router.post(
    "/api/enrichment/bulk",
    status_code=202,
    summary="Submit many candidates, one a line",
    response_model=answers.BulkAcceptedView,
    responses=problems(*OF_BODY) | DRY_RUN,
    openapi_extra=BULK_BODY,
)
async def submit_bulk(
    request: Request, queue: TheQueue, wanted: Annotated[BulkQuery, Query()], key: IdempotencyKey = None
) -> Response:
    """Answers when all are stored, or none is. The body may be packed with gzip.

    A line that cannot be used refuses the bulk and is named by its number; with `onInvalid=skip` it is left out and
    reported. With `dryRun=true` it tells what the bulk would take, and stores nothing.
    """
    settings: Settings = request.app.state.settings
    body = upload.pieces(request, settings.max_body_bytes)
    skips, is_array = wanted.on_invalid == "skip", reader.media_type(request) == upload.ARRAY
    if wanted.dry_run:
        return answers.send(await queue.estimate_bulk(wanted.request, body, skip_invalid=skips, is_array=is_array))
    accepted, intake = await queue.add_bulk(
        wanted.request, body, skip_invalid=skips, is_array=is_array, idempotency_key=key
    )
    return answers.send_accepted(accepted, intake)


@router.get(
    "/api/enrichment",
    summary="Read a job, the statistics or the health",
    response_model=answers.JobView | Stats | Health,
    responses=problems(404) | unhealthy(),
)
async def read(queue: TheQueue, wanted: Annotated[ReadQuery, Query()]) -> Response:
    """`jobId` for a job, `action=stats` or `action=health` for an overview: one of them."""
    if (wanted.job_id is None) == (wanted.action is None):
        reason = "give `jobId`, or `action` (stats, health), and not both"
        raise InvalidInput("One of `jobId` and `action` is needed", (Fault("/jobId", reason), Fault("/action", reason)))
    if wanted.job_id is not None:
        (job,) = await queue.explain([await queue.get_job_status(wanted.job_id)])
        return answers.send(answers.view(job))
    if wanted.action == "stats":
        return answers.send(await queue.get_stats())
    health = await queue.check_health()
    return answers.send(health, 503 if health.status is Verdict.UNHEALTHY else 200)


@router.delete(
    "/api/enrichment",
    summary="Cancel a job, or run it again",
    response_model=answers.JobView,
    responses=problems(404, 409)
    | {202: {"description": "With `action=retry`: the job, pending again", "model": answers.JobView}},
)
async def steer(queue: TheQueue, wanted: Annotated[SteerQuery, Query()]) -> Response:
    """`jobId` cancels; `jobId` with `action=retry` runs a failed or cancelled job again."""
    if wanted.action == "retry":
        return answers.send(answers.view(await queue.retry_job(wanted.job_id)), 202)
    return answers.send(answers.view(await queue.cancel_job(wanted.job_id)))
