"""Works off bulk actions, one at a time per worker, a page of jobs at a time.

Cancelling and retrying are guarded by each job's row, so a page that is done twice after a crash changes nothing twice.
"""

import asyncio
import logging
from dataclasses import replace

from enrichment.actions import records
from enrichment.actions.records import ActionKind, Claimed
from enrichment.db import Database
from enrichment.errors import Conflict, EnrichmentError, InvalidInput, NotFound, RateLimited
from enrichment.events import ACTION_FAILED
from enrichment.jobs import queries
from enrichment.outage import Outage
from enrichment.service import EnrichmentQueue

LOOK_EVERY_S = 1.0
PAGE = 50
AT_ONCE = 5

log = logging.getLogger(__name__)


class ActionRunner:
    """Runs until it is cancelled."""

    def __init__(self, database: Database, queue: EnrichmentQueue) -> None:
        self._database = database
        self._queue = queue
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waits = Outage(ACTION_FAILED, "Bulk actions have to wait")

    async def run(self) -> None:
        while True:
            try:
                claimed = await records.claim(self._database)
                if claimed is not None:
                    await self._work_off(claimed)
                self._waits.end()
                if claimed is not None:
                    continue
            except EnrichmentError as error:
                self._waits.begin(error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _work_off(self, claimed: Claimed) -> None:
        if claimed.wanted is None:
            await records.advance(self._database, claimed, cursor=claimed.cursor, done=0, changed=0, is_last=True)
            failed = ACTION_FAILED.fields(action_id=claimed.id, code=InvalidInput.code)
            log.error("A bulk action ends with nothing done: its filter cannot be read any more", extra=failed)
            return
        queue = self._queue.for_tenant(claimed.tenant)
        wanted = replace(claimed.wanted, statuses=claimed.kind.statuses)
        while True:
            jobs = await queries.matching(self._database, claimed.tenant, wanted, limit=PAGE, before=claimed.cursor)
            changed = await asyncio.gather(*(self._act(queue, claimed.kind, job_id) for job_id in jobs))
            cursor, is_last = jobs[-1] if jobs else claimed.cursor, len(jobs) < PAGE
            is_ours = await records.advance(
                self._database, claimed, cursor=cursor, done=len(jobs), changed=sum(changed), is_last=is_last
            )
            if is_last or not is_ours:
                return
            claimed = replace(claimed, cursor=cursor)

    async def _act(self, queue: EnrichmentQueue, kind: ActionKind, job_id: str) -> bool:
        """Whether the job was changed: it may have ended, begun again, or lost its room, since it was found."""
        act = queue.cancel_job if kind is ActionKind.CANCEL else queue.retry_job
        async with self._free:
            try:
                await act(job_id)
            except (Conflict, NotFound, RateLimited):
                return False
        return True
