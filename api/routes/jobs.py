"""`/api/enrichment/jobs`: jobs as resources."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api import answers, export
from api.bodies import Bodiless, TheCancellation
from api.openapi import CANCELLATION_BODY, OF_BODY, problems, text
from api.parameters import JobIdInPath, LastEventId, Nothing, TheQueue
from api.queries import DocumentQuery, ListQuery, PageQuery, narrowed_to
from api.stream import EventStream, progress_of
from enrichment.documents.formats import Format
from enrichment.jobs.queries import Filter
from enrichment.models import ENDED_EARLY, JobStatus

router = APIRouter(prefix=answers.JOBS, tags=["jobs"])


@router.get("", summary="List jobs", response_model=answers.JobList, responses=problems())
async def list_jobs(queue: TheQueue, wanted: Annotated[ListQuery, Query()]) -> Response:
    """The newest first, without their results. A priority is a number, or a band for all of its numbers."""
    page = await queue.list_jobs(narrowed_to(wanted), limit=wanted.limit, cursor=wanted.cursor)
    return answers.send(answers.view_page(page))


@router.get("/{jobId}", summary="Read a job", response_model=answers.JobView, responses=problems(404))
async def read(queue: TheQueue, job_id: JobIdInPath, _: Nothing) -> Response:
    """With its progress, its result once it is completed, and why it waits if it does."""
    (job,) = await queue.explain([await queue.get_job_status(job_id)])
    return answers.send(answers.view(job))


@router.get(
    "/{jobId}/input",
    summary="Read what was submitted",
    response_class=JSONResponse,
    responses=problems(404) | {200: {"description": "The candidate's data"}},
)
async def submitted(queue: TheQueue, job_id: JobIdInPath, _: Nothing) -> Response:
    """The candidate's data as it came; of a bulk, how many candidates and batches it has."""
    return JSONResponse(await queue.get_input(job_id))


@router.post(
    "/{jobId}/cancel",
    summary="Cancel a job",
    response_model=answers.JobView,
    responses=problems(404, 409, *OF_BODY),
    openapi_extra=CANCELLATION_BODY,
)
async def cancel(queue: TheQueue, job_id: JobIdInPath, cancellation: TheCancellation, _: Nothing) -> Response:
    """For good, and the open children of a bulk with it; work that runs stops within 2 s."""
    if cancellation.reason is None:
        return answers.send(answers.view(await queue.cancel_job(job_id)))
    return answers.send(answers.view(await queue.cancel_job(job_id, reason=cancellation.reason)))


@router.post(
    "/{jobId}/retry",
    status_code=202,
    summary="Run a failed or cancelled job again",
    response_model=answers.JobView,
    responses=problems(404, 409, *OF_BODY),
)
async def retry(queue: TheQueue, job_id: JobIdInPath, _body: Bodiless, _: Nothing) -> Response:
    """Under the same id, as its next run; of a bulk, what is not completed, also where the bulk itself is."""
    return answers.send(answers.view(await queue.retry_job(job_id)), 202)


@router.post(
    "/{jobId}/continue",
    summary="Let a bulk go on",
    response_model=answers.JobView,
    responses=problems(404, 409, *OF_BODY),
)
async def continue_(queue: TheQueue, job_id: JobIdInPath, _body: Bodiless, _: Nothing) -> Response:
    """After `options.canary`: the candidates behind the first ones follow."""
    return answers.send(answers.view(await queue.continue_job(job_id)))


@router.get("/{jobId}/children", summary="List a bulk's jobs", response_model=answers.JobList, responses=problems(404))
async def children(queue: TheQueue, job_id: JobIdInPath, wanted: Annotated[PageQuery, Query()]) -> Response:
    """One job per candidate, the last candidate first."""
    page, _ = await asyncio.gather(
        queue.list_jobs(Filter(parent_id=job_id), limit=wanted.limit, cursor=wanted.cursor),
        queue.get_job_status(job_id),
    )
    return answers.send(answers.view_page(page))


@router.get(
    "/{jobId}/results",
    summary="Read a bulk's results",
    response_class=Response,
    responses=problems(404, 409) | text(200, "One completed job a line", "application/x-ndjson"),
)
async def results(queue: TheQueue, job_id: JobIdInPath, _: Nothing) -> Response:
    """`{jobId, candidateId, status, result}` a line, for each job of the bulk that is completed by now."""
    ended = await queue.list_ended(job_id, (JobStatus.COMPLETED,))
    return StreamingResponse(export.as_ndjson(ended), media_type="application/x-ndjson")


@router.get(
    "/{jobId}/failures",
    summary="Read what failed of a bulk",
    response_class=Response,
    responses=problems(404, 409) | text(200, "One failed or cancelled job a line", "text/csv"),
)
async def failures(queue: TheQueue, job_id: JobIdInPath, _: Nothing) -> Response:
    """As CSV, safe to open in a spreadsheet."""
    ended = await queue.list_ended(job_id, ENDED_EARLY)
    disposition = {"Content-Disposition": f'attachment; filename="failures-{job_id}.csv"'}
    return StreamingResponse(export.as_csv(ended), media_type="text/csv; charset=utf-8", headers=disposition)


@router.get("/{jobId}/history", summary="Read a job's history", response_model=answers.History, responses=problems(404))
async def history(queue: TheQueue, job_id: JobIdInPath, _: Nothing) -> Response:
    """Every change of its state, with the reason where there is one."""
    return answers.send(answers.History.model_construct(events=await queue.list_events(job_id)))


@router.get(
    "/{jobId}/document",
    summary="Read a competence file",
    response_class=Response,
    responses=problems(404, 409) | text(200, "The document", *(each.media_type for each in Format)),
)
async def document(queue: TheQueue, job_id: JobIdInPath, wanted: Annotated[DocumentQuery, Query()]) -> Response:
    """The document of a completed competence file, to send as it is or, as DOCX, to go on writing."""
    content = await queue.get_document(job_id, wanted.format)
    disposition = f'attachment; filename="competence-file-{job_id}.{wanted.format}"'
    return Response(content, 200, {"Content-Disposition": disposition}, wanted.format.media_type)


@router.get(
    "/{jobId}/events",
    summary="Follow a job",
    response_class=Response,
    responses=problems(404) | text(200, "The events", "text/event-stream"),
)
async def events(
    request: Request, queue: TheQueue, job_id: JobIdInPath, _: Nothing, last_event_id: LastEventId = None
) -> EventStream:
    """Server-sent events: `progress` at each change, with the progress as data, then `completed`, `failed` or
    `cancelled` once, with the job as data, and the stream ends. A job that has ended is told of at once.
    """
    await queue.get_job_status(job_id)  # raises NotFound while there is still a status to answer with
    frames = progress_of(lambda: queue.watch(job_id), last_event_id or 0)
    return EventStream(frames, request.app.state.stopping)
