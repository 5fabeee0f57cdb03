"""The sweeper, beside that of any worker: what Temporal cannot say of one row keeps it from no other."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client, DescribeWorkflowInput, Interceptor, OutboundInterceptor
from temporalio.service import RPCError, RPCStatusCode

from activities import maintenance
from activities.endings import Endings
from activities.maintenance import MaintenanceActivities
from enrichment import temporal
from enrichment.db import Database
from enrichment.jobs import transitions
from enrichment.models import JobStatus, Submission
from enrichment.service import DEFAULT_TENANT, EnrichmentQueue
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore
from tests.integration.bulks import counts

UNSEEN = "checked_at = now() - interval '1 day', dispatched_at = now() - interval '1 day'"
OVERDUE = "status = 'in_progress', started_at = now() - interval '1 day'"


@dataclass
class Spoilt(Interceptor):
    """A server that cannot read some workflows any more."""

    ids: set[str]

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 SDK's name
        spoilt = self

        class Outbound(OutboundInterceptor):
            async def describe_workflow(self, input: DescribeWorkflowInput) -> Any:  # noqa: A002 SDK's name
                if input.id in spoilt.ids:
                    raise RPCError("history events are corrupted", RPCStatusCode.DATA_LOSS, b"")
                return await super().describe_workflow(input)

        return Outbound(next)


@pytest.fixture
async def client(settings: Settings) -> Client:
    return await temporal.connect(settings)


async def a_row(queue: EnrichmentQueue, database: Database, change: str) -> str:
    """A job that no dispatcher takes, changed by hand."""
    waiting = Submission(type="skills_optimization", candidate_data={}, run_at="2999-01-01T00:00:00Z")
    job_id = (await queue.add_job(waiting)).id
    await database.execute(text(f"UPDATE enrichment_job SET {change} WHERE id = :id"), {"id": job_id})
    return job_id


async def a_bulk_ended_by_half(queue: EnrichmentQueue, database: Database) -> str:
    """Of two jobs, cancelled some time ago by a process that died before it came to them."""
    waiting = Submission(
        type="bulk_candidate_enrichment", candidates=[{}, {}], run_at="2999-01-01T00:00:00Z", options={"batch_size": 2}
    )
    bulk = (await queue.add_job(waiting)).id
    await transitions.cancel(database, DEFAULT_TENANT, bulk, "enough")
    aged = "UPDATE enrichment_job SET completed_at = completed_at - interval '6 seconds' WHERE id = :id"
    await database.execute(text(aged), {"id": bulk})
    return bulk


async def row_of(database: Database, job_id: str) -> Any:
    statement = text("""
        SELECT status, error, dispatched_at, checked_at > now() - interval '1 hour' AS is_seen
        FROM enrichment_job WHERE id = :id
    """)
    return (await database.execute(statement, {"id": job_id})).one()


async def test_a_workflow_that_temporal_cannot_read_stops_no_sweep(
    queue: EnrichmentQueue, database: Database, settings: Settings, client: Client
) -> None:
    unreadable = await a_row(queue, database, UNSEEN)
    overdue = await a_row(queue, database, f"{UNSEEN}, {OVERDUE}")
    lost = await a_row(queue, database, UNSEEN)
    spoilt = Spoilt({temporal.workflow_id(job_id, 1) for job_id in (unreadable, overdue)})
    for workflow_id in spoilt.ids:  # they run: a worker's own sweeper, should it come round, finds nothing else to do
        await client.start_workflow("Anything", id=workflow_id, task_queue="served by nobody")
    config = client.config()
    config["interceptors"] = [spoilt]
    progress = ProgressStore.connect(settings)

    await MaintenanceActivities(database, progress, Endings(database, progress), Client(**config)).sweep()

    await progress.close()
    assert (await row_of(database, lost)).dispatched_at is None, "dispatched again"
    has_its_turn_later = await row_of(database, unreadable)
    assert (has_its_turn_later.status, has_its_turn_later.is_seen) == ("pending", True)
    ended = await row_of(database, overdue)
    assert (ended.status, ended.error) == ("failed", "It was not done by its deadline: retry the job")
    for workflow_id in spoilt.ids:
        await client.get_workflow_handle(workflow_id).terminate()


async def test_a_job_that_somebody_holds_keeps_no_sweep_from_the_other_bulks(
    queue: EnrichmentQueue, database: Database, settings: Settings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "CANCEL_TIMEOUT_S", 3.0)
    held, free = [await a_bulk_ended_by_half(queue, database) for _ in range(2)]
    progress = ProgressStore.connect(settings)
    async with asyncio.timeout(60), database.transaction() as connection:
        await connection.execute(text("SELECT FROM enrichment_job WHERE parent_id = :id FOR UPDATE"), {"id": held})

        await MaintenanceActivities(database, progress, Endings(database, progress), client).sweep()

        assert (await counts(database, free))[JobStatus.CANCELLED] == 2
        assert (await counts(database, held))[JobStatus.PENDING] == 2
    await MaintenanceActivities(database, progress, Endings(database, progress), client).sweep()
    await progress.close()
    assert (await counts(database, held))[JobStatus.CANCELLED] == 2
