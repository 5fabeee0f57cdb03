"""Deliveries whose workflow Temporal has lost: the sweeper has them told once more, and leaves the others alone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.responses import Response
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.endings import Endings
from activities.maintenance import MaintenanceActivities
from activities.webhooks import WebhookActivities
from enrichment import temporal
from enrichment.db import Database
from enrichment.runs import DeliveryRun
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore
from enrichment.webhooks import deliveries, upkeep
from enrichment.webhooks.deliveries import Round
from enrichment.webhooks.sender import Sender
from tests.integration.receiver import Message, Receiver, receiving
from tests.integration.test_sweeper import Spoilt
from tests.integration.test_webhooks import a_telling, recorded, state, submit

TENANT = "tenant-lost"
NOT_NOW = Response(status_code=503, headers={"retry-after": "3600"})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


@pytest.fixture
async def client(settings: Settings) -> Client:
    return await temporal.connect(settings)


async def sweep(settings: Settings, database: Database, client: Client) -> None:
    progress = ProgressStore.connect(settings)
    await MaintenanceActivities(database, progress, Endings(database, progress), client).sweep()
    await progress.close()


async def change(database: Database, job_id: str, changes: str) -> None:
    await database.execute(text(f"UPDATE enrichment_delivery SET {changes} WHERE job_id = :id"), {"id": job_id})


async def row_of(database: Database, job_id: str) -> Any:
    statement = text("""
        SELECT round, attempts, started_at, checked_at > now() - interval '1 hour' AS is_seen
        FROM enrichment_delivery WHERE job_id = :id
    """)
    return (await database.execute(statement, {"id": job_id})).one()


async def refused_once(api: httpx.AsyncClient, database: Database, receiver: Receiver) -> tuple[str, Message]:
    """A job whose delivery waits an hour for its retry, and what the receiver has refused."""
    receiver.answers = [NOT_NOW]
    job_id = await submit(api, receiver)
    message = await receiver.next()
    async with asyncio.timeout(30):
        while not (row := await row_of(database, job_id)).attempts or row.started_at is None:
            await asyncio.sleep(0.02)
    return job_id, message


async def a_round_under_way(
    queue: EnrichmentQueue, database: Database, receiver: Receiver, since: str = "1 day"
) -> Round:
    """One that has no workflow, that no dispatcher takes again, and no sweeper until `checked_at` is changed."""
    telling = await a_telling(queue, database, TENANT, receiver.url)
    await change(database, telling.job_id, f"started_at = now() - interval '{since}', checked_at = 'infinity'")
    return Round(telling.job_id, run=1, round=1)


async def delete(client: Client, workflow_id: str) -> None:
    """Ends a workflow and deletes it."""
    request = DeleteWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id)
    )
    await client.workflow_service.delete_workflow_execution(request)
    async with asyncio.timeout(90):  # the server takes its time
        while await exists(client, workflow_id):
            await asyncio.sleep(0.1)


async def exists(client: Client, workflow_id: str) -> bool:
    try:
        await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        return error.status is not RPCStatusCode.NOT_FOUND
    return True


@pytest.mark.usefixtures("worker")
async def test_what_temporal_has_lost_is_told_once_more(
    api: httpx.AsyncClient, database: Database, settings: Settings, client: Client, receiver: Receiver
) -> None:
    job_id, first = await refused_once(api, database, receiver)
    await change(database, job_id, "checked_at = 'infinity'")  # the worker's own sweeper waits until it is deleted
    await delete(client, Round(job_id, run=1, round=1).workflow_id)
    await change(database, job_id, "checked_at = NULL, started_at = now() - interval '1 day'")

    await sweep(settings, database, client)

    second = await receiver.next()
    assert (second.headers["webhook-id"], second.text) == (first.headers["webhook-id"], first.text)
    assert await recorded(database, job_id, "delivered") == ("delivered", 2, 204, None)
    assert receiver.got.empty()


@pytest.mark.usefixtures("worker")
async def test_what_waits_for_its_retry_is_left_alone(
    api: httpx.AsyncClient, database: Database, settings: Settings, client: Client, receiver: Receiver
) -> None:
    job_id, _ = await refused_once(api, database, receiver)
    await change(database, job_id, "started_at = now() - interval '1 day'")

    await sweep(settings, database, client)

    row = await row_of(database, job_id)
    assert (row.round, row.started_at is None, row.is_seen) == (1, False, True)
    assert await state(database, job_id) == ("pending", 1, 503, None)
    assert receiver.got.empty()
    seen = [each.job_id for each in await upkeep.unchecked(database, 1_000)]
    assert job_id not in seen, "the others have their turn before it"


@pytest.mark.usefixtures("worker")
async def test_what_was_tried_before_goes_on_counting(
    queue: EnrichmentQueue, database: Database, settings: Settings, client: Client, receiver: Receiver
) -> None:
    job_id = (await a_round_under_way(queue, database, receiver)).job_id
    await change(database, job_id, "attempts = 7, claimed_at = NULL, checked_at = NULL")
    receiver.answers = [NOT_NOW, Response(status_code=503, headers={"retry-after": "1"})]

    await sweep(settings, database, client)
    assert await recorded(database, job_id, "dead") == ("dead", 8, 503, None)

    assert await deliveries.redeliver(database, job_id)
    assert await recorded(database, job_id, "delivered") == ("delivered", 10, 204, None), "with eight of its own"


async def test_what_a_round_has_to_say_after_the_next_was_begun_changes_nothing(
    queue: EnrichmentQueue, database: Database, settings: Settings, receiver: Receiver
) -> None:
    lost = await a_round_under_way(queue, database, receiver)
    sending = Sender(settings)
    deliver = WebhookActivities(database, sending).deliver
    environment = ActivityEnvironment()
    run = DeliveryRun(job_id=lost.job_id, run=1, round=1)

    receiver.is_slow.set()
    async with asyncio.TaskGroup() as group:
        late = group.create_task(environment.run(deliver, run))
        await receiver.next()
        await upkeep.open_again(database, [lost])
        receiver.is_slow.clear()
    assert late.result() == "delivered"
    assert await state(database, lost.job_id) == ("pending", 0, None, None)

    assert await environment.run(deliver, run) == "nothing to tell"
    await upkeep.open_again(database, [lost])
    await upkeep.count_and_open_again(database, [lost], "internal")
    assert (await row_of(database, lost.job_id)).round == 2, "nor what a late sweep has found"
    assert receiver.got.empty()

    assert await environment.run(deliver, run.model_copy(update={"round": 2})) == "delivered"
    assert await state(database, lost.job_id) == ("delivered", 1, 204, None)
    await sending.close()


@pytest.mark.parametrize(
    ("attempts", "expected"), [(1, ("pending", 2, None, "internal")), (7, ("dead", 8, None, "internal"))]
)
async def test_a_workflow_that_ended_without_a_record_counts_as_an_attempt(
    queue: EnrichmentQueue,
    database: Database,
    settings: Settings,
    client: Client,
    receiver: Receiver,
    attempts: int,
    expected: tuple[str, int, int | None, str | None],
) -> None:
    lost = await a_round_under_way(queue, database, receiver)
    handle = await client.start_workflow("Anything", id=lost.workflow_id, task_queue="served by nobody")
    await handle.terminate()
    await change(database, lost.job_id, f"attempts = {attempts}, checked_at = NULL")

    await sweep(settings, database, client)

    assert await state(database, lost.job_id) == expected
    row = await row_of(database, lost.job_id)
    assert (row.round, row.started_at) == (2, None)


@pytest.mark.parametrize(("since", "in_round"), [("1 day", 1), ("4 days", 2)])
async def test_what_temporal_cannot_read_is_begun_again_when_it_could_be_over(
    queue: EnrichmentQueue,
    database: Database,
    settings: Settings,
    client: Client,
    receiver: Receiver,
    since: str,
    in_round: int,
) -> None:
    unreadable = await a_round_under_way(queue, database, receiver, since)
    # It runs: a worker's own sweeper, should it come round, leaves it alone.
    handle = await client.start_workflow("Anything", id=unreadable.workflow_id, task_queue="served by nobody")
    await change(database, unreadable.job_id, "checked_at = NULL")
    config = client.config()
    config["interceptors"] = [Spoilt({unreadable.workflow_id})]

    await sweep(settings, database, Client(**config))

    assert (await row_of(database, unreadable.job_id)).round == in_round
    await handle.terminate()
