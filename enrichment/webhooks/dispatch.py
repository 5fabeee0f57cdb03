"""Starts a workflow for each delivery. It looks once a second: who is told of an ending is a program, not a person."""

import asyncio
from collections.abc import Sequence

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from enrichment.db import Database
from enrichment.errors import EnrichmentError
from enrichment.events import DISPATCH_FAILED
from enrichment.outage import Outage
from enrichment.queues import WEBHOOK_TASK_QUEUE
from enrichment.runs import DELIVER_WEBHOOK, DeliveryRun
from enrichment.temporal import RPC_TIMEOUT
from enrichment.webhooks import deliveries
from enrichment.webhooks.deliveries import Due

LOOK_EVERY_S = 1.0
AT_ONCE = 50


class DeliveryDispatcher:
    """Runs until it is cancelled."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._without_database = Outage(DISPATCH_FAILED, "Webhooks wait for the database")
        self._without_temporal = Outage(DISPATCH_FAILED, "Temporal does not start deliveries of webhooks")

    async def run(self) -> None:
        while True:
            found = 0
            try:
                claimed = await deliveries.claim(self._database, AT_ONCE)
                found = len(claimed)
                await self._start(claimed)
                self._without_database.end()
            except EnrichmentError as error:
                self._without_database.begin(error)
            if found < AT_ONCE:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _start(self, claimed: Sequence[Due]) -> None:
        """What Temporal does not start stays claimed until the claim expires."""
        if not claimed:
            return
        answers = await asyncio.gather(*map(self._start_one, claimed))
        if all(answers):
            self._without_temporal.end()
        started = [due for due, is_started in zip(claimed, answers, strict=True) if is_started]
        if started:
            await deliveries.mark_started(self._database, started)

    async def _start_one(self, due: Due) -> bool:
        try:
            await self._client.start_workflow(
                DELIVER_WEBHOOK,
                DeliveryRun(job_id=due.job_id, run=due.run, round=due.round, attempts_before=due.attempts_before),
                id=due.workflow_id,
                task_queue=WEBHOOK_TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"tells that job {due.job_id} has ended",
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            return True
        except RPCError as error:
            self._without_temporal.begin(error)
            return False
        return True
