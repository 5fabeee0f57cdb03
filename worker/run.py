"""The composition root of the worker: every client is made here, handed on, and closed here."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker

from activities.boundary import Boundary
from enrichment import queues, temporal
from enrichment.actions.runner import ActionRunner
from enrichment.db import Database
from enrichment.dispatch import Dispatcher
from enrichment.enrichers import configured
from enrichment.events import WORKER_READY, WORKER_STOPPING
from enrichment.queues import MAINTENANCE_TASK_QUEUE, WEBHOOK_TASK_QUEUE, Queue
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore
from enrichment.webhooks.dispatch import DeliveryDispatcher
from enrichment.webhooks.sender import Sender
from worker import raises, registry, schedules
from worker.background import in_background
from worker.load import Load

HEARTBEAT_THROTTLE = timedelta(milliseconds=200)
"""The SDK holds heartbeats back by up to a minute; a cancellation comes with the answer to one."""
STICKY_TIMEOUT = timedelta(seconds=2)
"""How long a workflow waits for the worker that knows it before another one takes it: after a kill, each waits this."""
GRACE = timedelta(seconds=5)
"""What an activity that runs at SIGTERM has left to end by itself; then it is cancelled and tried again elsewhere."""
WORKFLOW_POLLERS = PollerBehaviorSimpleMaximum(2)
SLOTS_PER_POLLER = 50
"""A poller keeps a slot for what it waits for, which nothing that comes eagerly can have meanwhile; but one alone would
take a second to fill two hundred."""
POOL_SIZE = 20
DELIVERIES_AT_ONCE = 20
"""Of webhooks: nearly all of their time they wait for receivers."""

_HOW: dict[str, Any] = {
    "workflow_runner": registry.WORKFLOW_RUNNER,
    "workflow_failure_exception_types": [Exception],
    "workflow_task_poller_behavior": WORKFLOW_POLLERS,
    "sticky_queue_schedule_to_start_timeout": STICKY_TIMEOUT,
    "max_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
    "default_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
    "graceful_shutdown_timeout": GRACE,
}
"""What all workers have in common. An exception in workflow code fails the run at once instead of stalling it."""

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    """A worker of this process's queues: it serves them while the block runs, and drains at its end."""
    async with contextlib.AsyncExitStack() as stack:
        database = Database.connect(settings, application="enrichment worker", pool_size=POOL_SIZE)
        stack.push_async_callback(database.close)
        enricher = await stack.enter_async_context(configured.enricher(settings, database))
        client = await temporal.connect(settings)
        progress = ProgressStore.connect(settings)
        stack.push_async_callback(progress.close)
        sender = Sender(settings)
        stack.push_async_callback(sender.close)
        product = await stack.enter_async_context(
            await EnrichmentQueue.connect(settings, application="enrichment worker")
        )
        await temporal.register_search_attributes(client)
        await schedules.ensure(client, settings)

        load = Load()
        served = [queues.BY_BAND[band] for band in settings.bands]
        activities = registry.activities(database, progress, client, enricher, sender)
        workers = [
            *(_job_worker(client, queue, settings.slots(queue), activities, load) for queue in served),
            _maintenance_worker(client, activities),
            _webhook_worker(client, activities),
        ]
        for worker in workers:
            await stack.enter_async_context(worker)
        stack.push_async_callback(_shut_down, workers)
        slots = {queue.task_queue: settings.slots(queue) for queue in served}
        dispatcher = Dispatcher(settings, database, client, slots, load.running)
        background = (
            dispatcher.listen,
            dispatcher.dispatch,
            dispatcher.mark,
            DeliveryDispatcher(database, client).run,
            ActionRunner(database, product).run,
            partial(load.tell, database, settings),
            partial(raises.ask_again, database, client),
        )
        await stack.enter_async_context(in_background(*background))
        log.info("Serving %s", ", ".join(settings.bands), extra=WORKER_READY.fields())
        yield
        log.info("Stopping", extra=WORKER_STOPPING.fields())


async def _shut_down(workers: Sequence[Worker]) -> None:
    """All at the same time: one after the other, each had its own `GRACE`, and took new jobs until its turn came."""
    await asyncio.gather(*(worker.shutdown() for worker in workers))


def _job_worker(client: Client, queue: Queue, slots: int, activities: registry.Activities, load: Load) -> Worker:
    return Worker(
        client,
        task_queue=queue.task_queue,
        workflows=registry.JOB_WORKFLOWS,
        activities=activities.jobs,
        interceptors=[Boundary(), load],
        max_concurrent_activities=slots,
        activity_task_poller_behavior=_pollers(slots),
        **_HOW,
    )


def _maintenance_worker(client: Client, activities: registry.Activities) -> Worker:
    return Worker(
        client,
        task_queue=MAINTENANCE_TASK_QUEUE,
        workflows=registry.MAINTENANCE_WORKFLOWS,
        activities=activities.maintenance,
        interceptors=[Boundary()],
        max_concurrent_activities=2,
        activity_task_poller_behavior=_pollers(2),
        **_HOW,
    )


def _webhook_worker(client: Client, activities: registry.Activities) -> Worker:
    return Worker(
        client,
        task_queue=WEBHOOK_TASK_QUEUE,
        workflows=registry.WEBHOOK_WORKFLOWS,
        activities=activities.webhooks,
        interceptors=[Boundary()],
        max_concurrent_activities=DELIVERIES_AT_ONCE,
        activity_task_poller_behavior=_pollers(DELIVERIES_AT_ONCE),
        **_HOW,
    )


def _pollers(slots: int) -> PollerBehaviorSimpleMaximum:
    return PollerBehaviorSimpleMaximum(1 + slots // SLOTS_PER_POLLER)
