"""A lane of a bulk: one slot, in which the bulk's jobs run one after another.

A lane takes turns. A turn begins the next jobs, runs them, and the next turn's statement writes how they ended. Of work
that takes long it begins one job at a time; of work so short that the statements would cost more than the work, as many
as take a tenth of a second together. While short work runs, the statement of the next turn is under way. Each job has
its own ending, written once; a worker that dies costs at most the endings of one turn, and those jobs run again.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from temporalio import activity

from activities.attempt import Attempt, Attempts
from activities.boundary import ours
from activities.endings import Endings
from activities.heartbeat import Milestone
from activities.tally import Tally
from activities.turns import Cancelled, Turns
from activities.watch import Superseded
from enrichment.db import Database
from enrichment.documents import store
from enrichment.errors import CoolingDown, Internal, StorageUnavailable
from enrichment.jobs import attempts, lanes, pauses, reuse
from enrichment.jobs.lanes import Child, Turn
from enrichment.jobs.transitions import Outcome, RunEnding
from enrichment.models import JobStatus, JobType
from enrichment.runs import LaneRun

T = TypeVar("T")

TIME_SLICE = timedelta(seconds=2)
"""How long a lane keeps its slot while others wait for one; the job that is running at its end is finished."""
LONGEST = timedelta(minutes=1)
"""How long it keeps its slot while nobody waits."""
TURN_S = 0.1
"""What a turn should take. One that takes twice as long gives back what it has begun and not run."""
SHORT_S = 1.0
"""Work that takes no longer is begun ahead. Longer work would be held back for long, to gain next to nothing."""
LOOK_EVERY_S = 0.5
"""How often it looks whether the pause of its queue is over."""
QUIET_S = 0.5
"""A job that ends so soon is not worth following: its progress is not shown."""


class Lane:
    def __init__(
        self, database: Database, attempts: Attempts, endings: Endings, turns: Turns, tally: Tally, run: LaneRun
    ) -> None:
        self._database = database
        self._attempts = attempts
        self._endings = endings
        self._turns = turns
        self._tally = tally
        self._lane = lanes.Lane(run.bulk.job_id, run.lane)
        self._given = run
        self._next = 1
        """So many jobs the next turn begins."""
        self._takes_s = math.inf
        """How long a job took, of those that were run last."""
        self._ahead: list[Child] = []
        """What was begun while the turn before ran."""
        self._ended: list[RunEnding] = []
        """Endings in hand, to be written with the next turn."""
        self._written: tuple[int, int] = (0, 0)
        """How many of them were written and not yet told to the tally, and how many of those are failures."""
        self._news: list[tuple[RunEnding, int]] = []
        """Those of them that somebody may be following, with the attempt."""
        self._waits = False
        """Whether the provider may not be asked yet. The lane gives its slot back, and comes again when it may."""

    async def run(self) -> bool:
        """Runs the bulk's jobs while some are due; whether it stopped because its slot is wanted elsewhere."""
        try:
            return await self._take_turns()
        except asyncio.CancelledError:
            if activity.is_worker_shutdown():
                await self._leave()
            raise

    async def _take_turns(self) -> bool:
        leaves_at = time.monotonic() + LONGEST.total_seconds()
        while time.monotonic() < leaves_at:
            ends_at = time.monotonic() + TIME_SLICE.total_seconds()
            while time.monotonic() < ends_at and not activity.is_worker_shutdown():
                if not await self._turn() and not await self._is_anything_left():
                    return False
                written, self._written = self._written, (0, 0)
                if not await self._tally.pass_by(self._given.bulk, *written):
                    self._ahead = []  # ended with the bulk
                if self._waits:
                    await self._until_stored(self._leave)
                    return False
            if activity.is_worker_shutdown() or await self._until_stored(self._is_anyone_waiting):
                break
        await self._until_stored(self._leave)
        return True

    async def _turn(self) -> bool:
        """One turn. False: no job is due nor held by a pause, and all endings are written."""
        children: Sequence[Child] = ()
        try:
            children = self._ahead or await self._write(self._next)
            self._ahead = []
            async with self._beginning_ahead(children):
                await self._run_all(await self._without_unchanged(children))
        except StorageUnavailable:
            self._ahead += children  # in hand until they are released, should the worker stop meanwhile
            await self._until_stored(self._write)
            await self._until_stored(self._release)
            self._ahead = []  # released with all else
            return True
        except asyncio.CancelledError as stop:
            self._ahead += stop.begun if isinstance(stop, Cancelled) else children
            raise
        return bool(children) or await self._is_held()

    @contextlib.asynccontextmanager
    async def _beginning_ahead(self, children: Sequence[Child]) -> AsyncIterator[None]:
        """Takes the next turn while `children` run, if they are short.

        What runs again runs alone: it may be what its worker died of.
        """
        if not children or self._takes_s > SHORT_S or not all(child.is_new for child in children):
            yield
            return
        turn = asyncio.create_task(self._write(self._next), name="turn ahead")
        try:
            yield
        finally:
            await asyncio.wait({turn})
            if turn.exception() is None:
                self._ahead = turn.result()
        turn.result()  # or what it has raised

    async def _leave(self) -> None:
        """Writes the endings in hand, and gives back what was begun and not run."""
        await self._write()
        if self._ahead:
            await lanes.give_back(self._database, self._lane, self._ahead)
        self._ahead = []

    async def _is_anything_left(self) -> bool:
        """Whether jobs are due after all: twins, or what another attempt at this very lane has begun.

        An attempt that Temporal has not heard of works on until it hears that it was given up, and what it begins in
        that time would stay begun for ever.
        """
        has_twins = await reuse.settle_twins(self._database, self._lane.bulk)
        return bool(await self._release()) or has_twins

    async def _is_anyone_waiting(self) -> bool:
        return await lanes.is_anyone_waiting(self._database, self._lane.bulk)

    async def _is_held(self) -> bool:
        """Whether a pause holds the jobs back; then this has waited a moment."""
        if not await pauses.is_held(self._database, self._lane.bulk):
            return False
        await asyncio.sleep(LOOK_EVERY_S)
        return True

    async def _without_unchanged(self, children: Sequence[Child]) -> Sequence[Child]:
        """Those that are to be enriched: the others have taken over the result of their last time."""
        if not children or not children[0].work.options.get("skipUnchanged"):
            return children
        recipe = self._attempts.recipe(JobType(children[0].work.type))
        reused = await reuse.reuse_unchanged(self._database, [child.id for child in children], recipe)
        return [child for child in children if child.id not in reused]

    async def _write(self, at_most: int = 0) -> list[Child]:
        """Writes the endings in hand and begins up to `at_most` jobs."""
        ended, news, self._ended, self._news = self._ended, self._news, [], []
        try:
            turn, bulk = Turn(self._lane.number, at_most, ended), self._given.bulk
            begun = await self._turns.take(bulk.job_id, bulk.run, turn, self._given.until)
        except BaseException:
            self._ended, self._news = ended + self._ended, news + self._news  # harmless, should they be written
            raise
        failed = sum(ending.outcome.status is JobStatus.FAILED for ending in ended)
        self._written = self._written[0] + len(ended), self._written[1] + failed
        for ending, attempt in news:
            await self._endings.tell(ending.id, ending.run, ending.outcome.status, attempt)
        return begun

    async def _until_stored(self, store: Callable[[], Awaitable[T]]) -> T:
        return await self._attempts.until_stored(self._given.bulk.job_id, self._given.bulk.run, store)

    async def _release(self) -> int:
        """Nothing of this lane runs: what the database may have begun without our hearing of it is due again."""
        bulk = self._given.bulk
        return await lanes.take_back(self._database, bulk.job_id, bulk.run, self._lane.number, spent=False)

    async def _run_all(self, children: Sequence[Child]) -> None:
        began = time.monotonic()
        for done, child in enumerate(children, start=1):
            await self._run(child)
            took = time.monotonic() - began
            self._takes_s = max(took / done, 1e-6)
            self._next = max(1, min(int(TURN_S / self._takes_s), self._given.at_once))
            if (took > 2 * TURN_S or self._waits) and done < len(children):
                await lanes.give_back(self._database, self._lane, children[done:])
                return

    async def _run(self, child: Child) -> None:
        """One attempt at one job, which ends in the row, whatever it is, unless the database is away."""
        attempt = Attempt(child.id, child.run, child.attempt, child.work.max_retries)
        milestone = Milestone(child.work.milestone)
        loud_at = time.monotonic() + QUIET_S
        try:
            outcome = await self._outcome(attempt, child, milestone)
        except Superseded:
            return
        except StorageUnavailable:
            raise
        except Exception as error:
            told = ours(error, child.id)
            self._waits = self._waits or isinstance(told, CoolingDown)
            if isinstance(told, CoolingDown) or (told.retryable and not attempt.is_last):
                await self._attempts.record_failure(attempt, milestone, told)
                return
            outcome = Outcome(JobStatus.FAILED, told.code, told.message, milestone=milestone.percentage)
        ending = RunEnding(child.id, child.run, outcome)
        self._ended.append(ending)
        if outcome.status is JobStatus.FAILED or time.monotonic() >= loud_at:
            self._news.append((ending, attempt.number))

    async def _outcome(self, attempt: Attempt, child: Child, milestone: Milestone) -> Outcome:
        if attempt.number > attempt.max_retries + 1:
            raise Internal("The last attempt was not heard of any more: its worker died")
        result = None
        if not child.work.has_result:
            result = await self._attempts.enrich(attempt, child.work, milestone, quiet_s=QUIET_S)
        if store.makes_documents(child.work.type):
            if result is not None:
                await attempts.save(self._database, child.id, child.run, result)
            await store.render(self._database, child.id, child.run)
            return Outcome(JobStatus.COMPLETED)
        return Outcome(JobStatus.COMPLETED, result=result)
