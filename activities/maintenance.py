"""The sweeper and the cleanup."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.endings import Endings
from enrichment import temporal
from enrichment.cleanup import clean_up
from enrichment.db import Database
from enrichment.errors import Internal
from enrichment.events import SWEPT
from enrichment.jobs import batches, upkeep
from enrichment.jobs.transitions import Outcome
from enrichment.jobs.upkeep import OpenRow
from enrichment.models import JobStatus
from enrichment.queues import BY_TASK_QUEUE
from enrichment.runs import Activity, Cleaned, Swept
from enrichment.snapshots import ProgressStore
from enrichment.webhooks import upkeep as webhooks

AT_ONCE = 200
"""Rows of a kind per sweep; the others have their turn in the next."""

CANCEL_TIMEOUT_S, CANCEL_ALL_TIMEOUT_S = 2.0, 20.0
"""For what is open of one bulk, and of all. A job that somebody holds keeps no sweep from the others for long."""

log = logging.getLogger(__name__)


class State(Enum):
    """What Temporal says of a row's workflow."""

    RUNNING = auto()
    ENDED = auto()
    GONE = auto()
    UNTOLD = auto()
    """Nothing: it does not answer, or cannot read the workflow any more. The row's own deadline ends such a job."""


class MaintenanceActivities:
    def __init__(self, database: Database, progress: ProgressStore, endings: Endings, client: Client) -> None:
        self._database = database
        self._progress = progress
        self._endings = endings
        self._client = client

    @activity.defn(name=Activity.SWEEP)
    async def sweep(self) -> Swept:
        """Holds the rows against Temporal's workflows, a few hundred at a time."""
        swept = await self._sweep_jobs()
        return swept.model_copy(update={"webhooks_lost": await self._sweep_deliveries()})

    @activity.defn(name=Activity.CLEAN_UP)
    async def clean_up(self, days: int) -> Cleaned:
        cleaned = await clean_up(self._database, self._progress, timedelta(days=days), activity.heartbeat)
        return Cleaned(deleted_jobs=cleaned.deleted_jobs, deleted_progress=cleaned.deleted_progress)

    async def _sweep_jobs(self) -> Swept:
        rows = await upkeep.unchecked(self._database, AT_ONCE)
        states = dict(zip(rows, await asyncio.gather(*map(self._state_of, rows)), strict=True))
        gone = [row for row, state in states.items() if state is State.GONE]
        ended = [row for row, state in states.items() if state is State.ENDED]
        untold = [row for row, state in states.items() if state is State.UNTOLD]
        open_still = [row for row, state in states.items() if state in (State.RUNNING, State.UNTOLD)]
        overdue = [row for row in open_still if row.is_overdue]
        forgotten = await upkeep.forgotten(self._database, list(BY_TASK_QUEUE), AT_ONCE)
        cancelled = await upkeep.cancelled(self._database, AT_ONCE)
        half_ended = await upkeep.half_ended(self._database, AT_ONCE)

        await upkeep.redispatch(self._database, gone)
        await upkeep.checked(self._database, [row for row in open_still if not row.is_overdue])
        await self._fail(ended, "internal", "Its workflow has ended without it: retry the job")
        await self._fail(overdue, "internal", "It was not done by its deadline: retry the job")
        await self._fail(forgotten, "unsupported_type", "No worker knows its queue")
        stopped = await asyncio.gather(*map(self._stop, [*overdue, *cancelled]))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_ALL_TIMEOUT_S):
                for bulk in half_ended:
                    await self._cancel_open(bulk)

        swept = Swept(
            looked_at=len(rows),
            dispatched_again=len(gone),
            failed=len(ended) + len(overdue) + len(forgotten),
            stopped=sum(stopped),
            untold=len(untold),
        )
        for row in untold[:1]:
            said = SWEPT.fields(count=len(untold), job_id=row.id, run=row.run)
            log.warning("Temporal does not say how some workflows are, of which this is one", extra=said)
        if swept.dispatched_again or swept.failed or swept.stopped:
            log.warning(
                "Swept: %d dispatched again, %d failed, %d stopped",
                swept.dispatched_again,
                swept.failed,
                swept.stopped,
                extra=SWEPT.fields(count=swept.looked_at),
            )
        return swept

    async def _cancel_open(self, bulk: OpenRow) -> None:
        with contextlib.suppress(TimeoutError):  # the next sweep goes on
            async with asyncio.timeout(CANCEL_TIMEOUT_S):
                await batches.cancel_open(self._database, bulk.id, bulk.run)

    async def _sweep_deliveries(self) -> int:
        """Begins those again whose workflow is gone; returns how many. One that waits for its retry is left alone.

        A workflow that has ended without a record counts as an attempt. What has ended it may end the next one too,
        after the message was sent: not each minute for ever.
        """
        begun = await webhooks.unchecked(self._database, AT_ONCE)
        states = dict(zip(begun, await asyncio.gather(*(self._state(each.workflow_id) for each in begun)), strict=True))
        gone = [each for each, state in states.items() if state is State.GONE]
        ended = [
            each
            for each, state in states.items()
            if state is State.ENDED or (state is State.UNTOLD and each.is_overdue)
        ]
        lost = [*gone, *ended]

        await webhooks.open_again(self._database, gone)
        await webhooks.count_and_open_again(self._database, ended, Internal.code)
        await webhooks.checked(self._database, [each for each in begun if each not in lost])
        if lost:
            log.warning("Swept: %d webhooks begun again", len(lost), extra=SWEPT.fields(count=len(begun)))
        return len(lost)

    async def _state_of(self, row: OpenRow) -> State:
        return await self._state(temporal.workflow_id(row.id, row.run))

    async def _state(self, workflow_id: str) -> State:
        """How a row's workflow is. One that Temporal cannot read keeps nobody from looking after the others."""
        try:
            handle = self._client.get_workflow_handle(workflow_id)
            status = (await handle.describe(rpc_timeout=temporal.RPC_TIMEOUT)).status
        except RPCError as error:
            return State.GONE if error.status is RPCStatusCode.NOT_FOUND else State.UNTOLD
        return State.RUNNING if status is WorkflowExecutionStatus.RUNNING else State.ENDED

    async def _stop(self, row: OpenRow) -> bool:
        """Stops the workflow of a row that has ended. False: it had stopped by itself, as it should."""
        if await self._state_of(row) is not State.RUNNING:
            return False
        return await temporal.signal(self._client, row.id, row.run, "cancel", "the job has ended")

    async def _fail(self, rows: Sequence[OpenRow], code: str, why: str) -> None:
        outcome = Outcome(JobStatus.FAILED, code, why)
        await asyncio.gather(*(self._endings.end(row.id, row.run, outcome) for row in rows))
