"""The dispatcher: starts a workflow for each accepted row, in the worker that will run it.

It starts workflows on the worker's own client, so that the first task comes back with the answer to the start (an eager
start) instead of through a poll. Woken by NOTIFY, it looks at the table at least every second, so that a lost
notification costs a second and nothing else.
"""

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence

import asyncpg
from temporalio.client import Client
from temporalio.service import RPCError

from enrichment import temporal
from enrichment.db import CONNECT_TIMEOUT_S, LOST, STATEMENT_TIMEOUT_S, Database, dsn
from enrichment.errors import EnrichmentError, Internal, UnsupportedType
from enrichment.events import DATABASE_LOST, DISPATCH_FAILED, WORK_UNFORESEEN
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
STARTS_AT_ONCE = 6
"""Were all of a burst asked for at once, all would be started at the end, and the slots stand empty until then."""
IN_LINE_AT_ONCE = 4
PACE_S = 0.01
"""What finds no free slot is started one by one: the next when the one before is answered, or after this long. All at
once would delay what is more urgent and what runs; strictly one by one would take too long where Temporal is far.
"""
MARK_EVERY_S = 0.25
"""How often what was started is marked. By then most of it has begun, which marks it too; a mark at once would compete
with that.
"""
GIVE_BACK_WITHIN_S = 1.0
"""What this worker has claimed when it stops. Beside a frozen database the claims run out instead."""

log = logging.getLogger(__name__)


class Dispatcher:
    """Dispatches the rows of the task queues that this process serves, each with its `slots` and what is `running`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        client: Client,
        slots: Mapping[str, int],
        running: Counter[str],
    ) -> None:
        self._settings = settings
        self._database = database
        self._client = client
        self._slots = slots
        self._running = running
        self._on_their_way: Counter[str] = Counter()
        self._starting = asyncio.Semaphore(STARTS_AT_ONCE)
        self._starting_in_line = asyncio.Semaphore(IN_LINE_AT_ONCE)
        self._line = asyncio.Lock()
        self._crowded: set[str] = set()
        """The queues of which some stand in line."""
        self._must_rest = False
        """Something was refused: the next look is not before `LOOK_EVERY_S` have passed."""
        self._started: list[Dispatchable] = []
        """What is started and not marked yet. If a mark fails, claims run out, and a second start changes nothing."""
        self._is_woken = asyncio.Event()
        self._without_outbox = Outage(DISPATCH_FAILED, "The outbox cannot be read")
        self._without_temporal = Outage(DISPATCH_FAILED, "Temporal does not start workflows")
        self._without_marks = Outage(DISPATCH_FAILED, "What was started cannot be marked")
        self._without_ear = Outage(DATABASE_LOST, "No connection listens for rows")

    async def dispatch(self) -> None:
        """Starts what is due, woken by `listen` and every second, until it is cancelled."""
        with contextlib.suppress(EnrichmentError):
            if await outbox.has_begun(self._database, list(self._slots)):
                await asyncio.sleep(HEAD_START_S)
        self._crowded.clear()  # of a dispatch before this one, which failed
        async with asyncio.TaskGroup() as starts:
            while True:
                self._is_woken.clear()
                is_more = await self._look(starts)
                if self._must_rest:
                    self._must_rest = False
                    await asyncio.sleep(LOOK_EVERY_S)
                elif not is_more:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY_S):
                            await self._is_woken.wait()

    async def _look(self, starts: asyncio.TaskGroup) -> bool:
        """Has what is due started, beside the next looks. Whether there may be more of it already."""
        queues = [queue for queue in self._slots if queue not in self._crowded]
        try:
            claimed = await outbox.claim(self._database, queues, AT_ONCE)
        except EnrichmentError as error:
            self._without_outbox.begin(error)
            self._must_rest = True
            return False
        self._without_outbox.end()
        by_queue: defaultdict[str, list[Dispatchable]] = defaultdict(list)
        for job in claimed:
            by_queue[job.queue].append(job)
        for queue, jobs in by_queue.items():
            room = max(0, self._slots[queue] - self._running[queue] - self._on_their_way[queue])
            if len(jobs) > room:
                self._crowded.add(queue)
            starts.create_task(self._start(jobs[:room], jobs[room:], starts))
        return len(claimed) >= AT_ONCE

    async def _start(
        self, at_once: Sequence[Dispatchable], in_line: Sequence[Dispatchable], starts: asyncio.TaskGroup
    ) -> None:
        """Starts the workflows of jobs of one queue. While some stand in line nothing more is claimed of it.

        What Temporal refuses is free again.
        """
        jobs = [*at_once, *in_line]
        try:
            starting = [starts.create_task(self._start_one(job, self._starting)) for job in at_once]
            for job in in_line:
                async with self._line:
                    starting.append(starts.create_task(self._start_one(job, self._starting_in_line)))
                    await asyncio.wait(starting[-1:], timeout=PACE_S)
            answers = await asyncio.gather(*starting)
        except asyncio.CancelledError:  # this worker stops; to start again what it has started changes nothing
            await self._give_back(jobs)
            raise
        finally:
            if in_line:
                self._crowded.discard(in_line[0].queue)
                self._is_woken.set()
        refused = [job for job, answer in zip(jobs, answers, strict=True) if not answer]
        if refused:
            self._must_rest = True
            self._without_temporal.begin()
            await self._give_back(refused)
        else:
            self._without_temporal.end()

    async def _start_one(self, job: Dispatchable, places: asyncio.Semaphore) -> bool:
        """False: Temporal does not take it now. What fails in another way is tried again when its claim has run out."""
        self._on_their_way[job.queue] += 1
        try:
            async with places:
                await temporal.start(self._client, job)
            self._started.append(job)
        except RPCError:
            return False
        except (UnsupportedType, Internal) as error:  # it can have no workflow
            failed = Outcome(JobStatus.FAILED, error.code, error.message)
            with contextlib.suppress(EnrichmentError):
                await transitions.finish(self._database, job.id, job.run, failed)
        except Exception:  # one row is to stop no other
            unforeseen = WORK_UNFORESEEN.fields(job_id=job.id, run=job.run)
            log.exception("A workflow could not be started, as nobody foresaw", extra=unforeseen)
        finally:
            self._on_their_way[job.queue] -= 1
        return True

    async def _give_back(self, jobs: Sequence[Dispatchable]) -> None:
        with contextlib.suppress(EnrichmentError, TimeoutError):
            async with asyncio.timeout(GIVE_BACK_WITHIN_S):
                await outbox.give_back(self._database, jobs)

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
        if not started:
            return
        try:
            await outbox.mark_dispatched(self._database, started)
        except EnrichmentError as error:
            self._without_marks.begin(error)
        else:
            self._without_marks.end()

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
