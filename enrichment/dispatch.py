"""The dispatcher: starts a workflow for each accepted row, in the worker that will run it.

It starts workflows on the worker's own client, so that the first task comes back with the answer to the start (an eager
start) instead of through a poll. Woken by NOTIFY, it looks at the table at least every second, so that a lost
notification costs a second and nothing else.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

import asyncpg
from temporalio.client import Client
from temporalio.service import RPCError

from enrichment import temporal
from enrichment.db import CONNECT_TIMEOUT_S, LOST, STATEMENT_TIMEOUT_S, Database, dsn
from enrichment.errors import EnrichmentError, Internal, UnsupportedType
from enrichment.events import DATABASE_LOST, DISPATCH_FAILED
from enrichment.jobs import outbox, transitions
from enrichment.jobs.outbox import CHANNEL, Dispatchable
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus
from enrichment.outage import Outage
from enrichment.settings import Settings

LOOK_EVERY_S = 1.0
HEAD_START_S = 0.5
"""For what was begun before this worker started. What is new comes eagerly and would take all slots at once, while what
a worker that died had in hand comes by polls, one at a time.
"""
AT_ONCE = 20
"""Rows claimed per queue and look. Small, so that several workers share a burst; with fewer, hundreds of rows of one
queue would wait longer than the 10 s after which a row counts as forgotten.
"""
MARK_EVERY_S = 0.25
"""How often what was started is marked. By then most of it has begun, which marks it too, and was not held up."""
STARTS_AT_ONCE = 6
"""Of a burst: were all asked for at once, all would be started at the end, and the slots stand empty until then. Enough
for a hundred starts a second by a Temporal that is 50 ms away.
"""


class Dispatcher:
    """Dispatches the rows of the task queues that this process serves, each with so many `slots`."""

    def __init__(self, settings: Settings, database: Database, client: Client, slots: Mapping[str, int]) -> None:
        self._settings = settings
        self._database = database
        self._client = client
        self._slots = slots
        self._queues = list(slots)
        self._starting = asyncio.Semaphore(STARTS_AT_ONCE)
        self._started: list[Dispatchable] = []
        """And not marked yet. Of a mark that fails the claims run out, and a second start changes nothing."""
        self._is_woken = asyncio.Event()
        self._without_outbox = Outage(DISPATCH_FAILED, "The outbox cannot be read")
        self._without_temporal = Outage(DISPATCH_FAILED, "Temporal does not start workflows")
        self._without_ear = Outage(DATABASE_LOST, "No connection listens for rows")

    async def dispatch(self) -> None:
        """Starts what is due, woken by `listen` and every second, until it is cancelled."""
        with contextlib.suppress(EnrichmentError):
            if await outbox.has_begun(self._database, self._queues):
                await asyncio.sleep(HEAD_START_S)
        while True:
            self._is_woken.clear()
            try:
                claimed = await outbox.claim(self._database, self._queues, AT_ONCE)
                all_started = await self._start(self._in_turn(claimed))
                self._without_outbox.end()
            except EnrichmentError as error:
                self._without_outbox.begin(error)
                all_started = False
            if not all_started:
                await asyncio.sleep(LOOK_EVERY_S)
            elif not claimed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._is_woken.wait()

    async def _start(self, claimed: Sequence[Dispatchable]) -> bool:
        """Starts their workflows. False: Temporal refused some, which are free again for the next look."""
        if not claimed:
            return True
        try:
            answers = await asyncio.gather(*(self._start_one(job) for job in claimed))
            self._started += [job for job, answer in zip(claimed, answers, strict=True) if answer]
            refused = [job for job, answer in zip(claimed, answers, strict=True) if not answer]
        except asyncio.CancelledError:  # this worker stops; to start again what it has started changes nothing
            with contextlib.suppress(EnrichmentError):
                await outbox.give_back(self._database, claimed)
            raise
        if refused:
            self._without_temporal.begin()
            await outbox.give_back(self._database, refused)
        else:
            self._without_temporal.end()
        return not refused

    def _in_turn(self, claimed: Sequence[Dispatchable]) -> list[Dispatchable]:
        """As many of each queue as it has slots, then as many again: what can run does not wait for what cannot."""
        before: Counter[str] = Counter()
        turns: list[int] = []
        for job in claimed:
            turns.append(before[job.queue] // self._slots[job.queue])
            before[job.queue] += 1
        return [claimed[place] for place in sorted(range(len(claimed)), key=turns.__getitem__)]

    async def _start_one(self, job: Dispatchable) -> bool:
        """Whether the row is done with: its workflow is started, or it cannot have one and has failed."""
        try:
            async with self._starting:
                await temporal.start(self._client, job)
        except (UnsupportedType, Internal) as error:
            failed = Outcome(JobStatus.FAILED, error.code, error.message)
            await transitions.finish(self._database, job.id, job.run, failed)
        except RPCError:
            return False
        return True

    async def mark(self) -> None:
        """Marks what was started, every `MARK_EVERY_S` and when it is cancelled."""
        try:
            while True:
                await asyncio.sleep(MARK_EVERY_S)
                await self._mark()
        finally:
            await self._mark()

    async def _mark(self) -> None:
        started, self._started = self._started, []
        if started:
            with contextlib.suppress(EnrichmentError):  # `dispatch` tells of it, too
                await outbox.mark_dispatched(self._database, started)

    async def listen(self) -> None:
        """Wakes `dispatch` until it is cancelled. While no connection listens, the look every second does."""
        while True:
            try:
                async with self._listening() as connection:
                    while not connection.is_closed():
                        await connection.execute("SELECT 1")
                        self._without_ear.end()
                        await asyncio.sleep(STATEMENT_TIMEOUT_S)
            except LOST as error:
                self._without_ear.begin(error)
            await asyncio.sleep(LOOK_EVERY_S)

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            dsn(self._settings), timeout=CONNECT_TIMEOUT_S, command_timeout=STATEMENT_TIMEOUT_S
        )
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._is_woken.set())
            yield connection
        finally:
            connection.terminate()
