"""`/api/queue/dashboard`: everything the page shows, in one answer."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.openapi import problems
from api.parameters import Nothing, TheQueue
from enrichment.errors import EnrichmentError
from enrichment.jobs.queries import Filter
from enrichment.jobs.statistics import Stats

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
    health, page, throughput, workers, stats = await asyncio.gather(
        queue.check_health(),
        _or_none(queue.list_jobs(Filter(without_children=True), limit=RECENT)),
        _or_none(queue.get_throughput(since=SERIES)),
        _or_none(queue.get_workers()),
        _or_none(queue.get_stats()),
    )
    return answers.send(
        answers.Dashboard.model_construct(
            at=datetime.now(UTC),
            health=health,
            queues=health.queues or None,
            jobs=None if page is None else answers.view_page(page).jobs,
            throughput=throughput,
            errors=None if stats is None else _errors(stats),
            workers=workers,
            stats=stats,
            temporal_ui=request.app.state.settings.temporal_ui_url,
        )
    )


async def _or_none(part: Awaitable[Part]) -> Part | None:
    try:
        return await part
    except EnrichmentError:
        return None


def _errors(stats: Stats) -> list[answers.ErrorCount]:
    """The most frequent first."""
    ordered = sorted(stats.errors.items(), key=lambda item: (-item[1], item[0]))
    return [answers.ErrorCount(code=code, count=count) for code, count in ordered]
