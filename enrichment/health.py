"""Whether the product works: each component asked now, each with a limit on the wait."""

import asyncio
from enum import StrEnum

from sqlalchemy import text

from enrichment.db import Database
from enrichment.errors import EnrichmentError
from enrichment.jobs import workload
from enrichment.jobs.workload import QueueLoad
from enrichment.models import Model
from enrichment.orchestrator import Orchestrator
from enrichment.snapshots import ProgressStore


class State(StrEnum):
    UP = "up"
    DOWN = "down"


class Verdict(StrEnum):
    """`degraded` still does its work: without Redis progress is stale, without a worker jobs wait."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Health(Model):
    """The answer of `GET /api/enrichment?action=health`.

    The rows tell how many workers live: when the database is down `workers` is null and `queues` is empty.
    """

    status: Verdict
    redis: State
    database: State
    temporal: State
    workers: int | None
    queues: dict[str, QueueLoad]


async def check(database: Database, progress: ProgressStore, orchestrator: Orchestrator, tenant: str) -> Health:
    """Asks every component at once."""
    redis_up, temporal_up, load = await asyncio.gather(progress.is_up(), orchestrator.is_up(), _load(database, tenant))
    if load is None or not temporal_up:
        verdict = Verdict.UNHEALTHY
    elif not redis_up or not load.workers:
        verdict = Verdict.DEGRADED
    else:
        verdict = Verdict.HEALTHY
    return Health(
        status=verdict,
        redis=_state(redis_up),
        database=_state(load is not None),
        temporal=_state(temporal_up),
        workers=None if load is None else load.workers,
        queues={} if load is None else load.queues,
    )


async def _load(database: Database, tenant: str) -> workload.Load | None:
    try:
        return await workload.load(database, tenant)
    except EnrichmentError:
        return None


def _state(is_up: bool) -> State:
    return State.UP if is_up else State.DOWN


async def is_up(database: Database) -> bool:
    """Whether the database answers now."""
    try:
        await database.execute(text("SELECT 1"))
    except EnrichmentError:
        return False
    return True
