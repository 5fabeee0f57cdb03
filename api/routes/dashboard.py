"""`/api/queue`: what the overview of the page shows, in one answer or as events, and pausing queues."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.openapi import problems, text
from api.overview import Overviews
from api.parameters import Nothing, TheQueue
from api.queries import BandInPath
from api.stream import EventStream
from enrichment.errors import EnrichmentError
from enrichment.jobs.queries import Filter
from enrichment.queues import BY_BAND
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings

RECENT = 20
SERIES = timedelta(minutes=60)

Part = TypeVar("Part")

router = APIRouter(tags=["operations"])


@router.get(
    "/api/queue/dashboard", summary="Read the dashboard", response_model=answers.Dashboard, responses=problems()
)
async def dashboard(request: Request, queue: TheQueue, _: Nothing) -> Response:
    """Queues, the newest jobs, what ended in each minute of the last hour, errors, workers, health and statistics.

    What cannot be read now is null: `health` says which component is down.
    """
    return answers.send(await _dashboard(queue, request.app.state.settings))


@router.get(
    "/api/queue/events",
    summary="Follow the dashboard",
    response_class=Response,
    responses=problems() | text(200, "The events", "text/event-stream"),
)
async def events(request: Request, queue: TheQueue, _: Nothing) -> EventStream:
    """Server-sent events: `overview` with the whole dashboard, then with the parts of it that have changed, at most
    once a second. However many follow, it is read once.
    """
    settings: Settings = request.app.state.settings

    async def read() -> dict[str, Any]:
        return (await _dashboard(queue, settings)).model_dump(mode="json", by_alias=True)

    overviews: Overviews = request.app.state.overviews
    return EventStream(overviews.follow(queue.tenant, read), request.app.state.stopping)


@router.post(
    "/api/queue/{queue}/pause", summary="Pause a queue", response_model=answers.QueueView, responses=problems()
)
async def pause(the_queue: TheQueue, band: BandInPath, _: Nothing) -> Response:
    """Nothing new starts in it, until it is resumed. What runs is finished, and what is accepted waits."""
    await the_queue.pause_queue(BY_BAND[band])
    return await _queue(the_queue, band)


@router.post(
    "/api/queue/{queue}/resume", summary="Resume a queue", response_model=answers.QueueView, responses=problems()
)
async def resume(the_queue: TheQueue, band: BandInPath, _: Nothing) -> Response:
    """What waits starts at once, as slots are free."""
    await the_queue.resume_queue(BY_BAND[band])
    return await _queue(the_queue, band)


async def _queue(the_queue: EnrichmentQueue, band: str) -> Response:
    paused_at = await the_queue.paused_since(BY_BAND[band])
    return answers.send(answers.QueueView(queue=band, paused_at=paused_at))


async def _dashboard(queue: EnrichmentQueue, settings: Settings) -> answers.Dashboard:
    health, page, throughput, workers, stats = await asyncio.gather(
        queue.check_health(),
        _or_none(queue.list_jobs(Filter(without_children=True), limit=RECENT)),
        _or_none(queue.get_throughput(since=SERIES)),
        _or_none(queue.get_workers()),
        _or_none(queue.get_stats()),
    )
    return answers.Dashboard.model_construct(
        at=datetime.now(UTC),
        health=health,
        queues=health.queues or None,
        jobs=None if page is None else answers.view_page(page).jobs,
        throughput=throughput,
        errors=None if stats is None else await _or_none(queue.get_error_groups(stats.errors)),
        workers=workers,
        stats=stats,
        temporal_ui=settings.temporal_ui_url,
    )


async def _or_none(part: Awaitable[Part]) -> Part | None:
    try:
        return await part
    except EnrichmentError:
        return None
