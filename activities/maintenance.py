"""The sweeper and the cleanup."""

import asyncio
import logging
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.endings import Endings
from enrichment import temporal
from enrichment.cleanup import clean_up
from enrichment.db import Database
from enrichment.events import SWEPT
from enrichment.jobs import upkeep
from enrichment.jobs.transitions import Outcome
from enrichment.jobs.upkeep import OpenRow
from enrichment.models import JobStatus
from enrichment.progress import ProgressStore
from enrichment.runs import Activity, Cleaned, Swept

AT_ONCE = 200
"""Open rows per sweep; the others have their turn in the next."""

RUNNING = WorkflowExecutionStatus.RUNNING

log = logging.getLogger(__name__)


class MaintenanceActivities:
    def __init__(self, database: Database, progress: ProgressStore, endings: Endings, client: Client) -> None:
        self._database = database
        self._progress = progress
        self._endings = endings
        self._client = client

    @activity.defn(name=Activity.SWEEP)
    async def sweep(self) -> Swept:
        """Holds open rows against Temporal: one without a workflow gets another, one whose workflow has ended fails."""
        rows = await upkeep.unchecked(self._database, AT_ONCE)
        states = await asyncio.gather(*(self._state(row) for row in rows))
        gone = [row for row, state in zip(rows, states, strict=True) if state is None]
        ended = [row for row, state in zip(rows, states, strict=True) if state is not None and state != RUNNING]
        alive = [row for row, state in zip(rows, states, strict=True) if state == RUNNING]
        if gone:
            await upkeep.redispatch(self._database, gone)
        if alive:
            await upkeep.checked(self._database, alive)
        lost = Outcome(JobStatus.FAILED, "internal", "Its workflow has ended without it: retry the job")
        for row in ended:
            await self._endings.end(row.id, row.run, lost)
        swept = Swept(looked_at=len(rows), dispatched_again=len(gone), failed=len(ended))
        if gone or ended:
            log.warning("Swept", extra=SWEPT.fields(count=len(gone) + len(ended)))
        return swept

    @activity.defn(name=Activity.CLEAN_UP)
    async def clean_up(self, days: int) -> Cleaned:
        cleaned = await clean_up(self._database, self._progress, timedelta(days=days), activity.heartbeat)
        return Cleaned(deleted_jobs=cleaned.deleted_jobs, deleted_progress=cleaned.deleted_progress)

    async def _state(self, row: OpenRow) -> WorkflowExecutionStatus | None:
        """The state of the row's workflow; None when Temporal knows none."""
        try:
            handle = temporal.handle(self._client, row.id, row.run)
            return (await handle.describe(rpc_timeout=temporal.RPC_TIMEOUT)).status
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
