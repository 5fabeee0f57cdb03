"""What those ask who keep the process running: `/healthz`, `/readyz`, `/metrics`."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from api import metrics, openapi, problems
from api.parameters import Nothing, TheQueue
from enrichment.errors import EnrichmentError, StorageUnavailable
from enrichment.service import EnrichmentQueue
from enrichment.statistics import Stats

router = APIRouter(tags=["operations"], default_response_class=PlainTextResponse)


@router.get("/healthz", summary="Whether this process lives", responses=openapi.problems())
async def healthz(_: Nothing) -> Response:
    """It touches nothing: a database that is down is no reason to restart the API."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", summary="Whether jobs can be accepted", responses=openapi.problems())
async def readyz(queue: TheQueue, _: Nothing) -> Response:
    """Accepting needs the database alone: Temporal and Redis may be down."""
    if await queue.is_ready():
        return PlainTextResponse("ready\n")
    return problems.of(StorageUnavailable("The database does not answer"))  # unlogged: it is asked each second


@router.get("/metrics", summary="Metrics for Prometheus", responses=openapi.problems())
async def scrape(request: Request, queue: TheQueue, _: Nothing) -> Response:
    """Jobs by queue and status, workers, slots, waiting time, components, and this process."""
    health, stats = await asyncio.gather(queue.check_health(), _stats(queue))
    text = metrics.render(request.app.state.process_metrics, health, stats)
    return Response(text, media_type=metrics.CONTENT_TYPE)


async def _stats(queue: EnrichmentQueue) -> Stats | None:
    try:
        return await queue.get_stats()
    except EnrichmentError:
        return None
