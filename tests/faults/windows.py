"""The windows in which a job is lost, or ends or is paid twice, unless the product is right: each forced, then used.

start      a row is claimed and its workflow is not started: the worker dies
answered   the provider's answer is in hand and not stored: the worker dies
stored     the answer is stored and the result is not committed: the worker dies
save       a result is about to be stored: the job's cancellation comes first
finish     a job is about to end: its cancellation comes first
finished   the result is committed and the activity is not completed: the worker dies
stream     somebody follows a job: the API dies
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from temporalio.client import Client

from tests.faults.calls import Caller
from tests.faults.invariants import Breach, Invariants
from tests.faults.ledger import Ledger
from tests.faults.load import JOBS
from tests.faults.mutants import ANSWERED, FINISH, FINISHED, SAVE, START
from tests.faults.payments import Excuses, Loss
from tests.faults.points import Points
from tests.faults.readers import Reader
from tests.faults.record import Record
from tests.faults.run import quiet
from tests.faults.subject import Subject

DEADLINE_S = 12.0
"""From the end of a window until its job must be over: several times what the product needs."""
_CALLS_WITHIN_S = 60.0


class Windows:
    """Forces one window on one subject. `ledger` is what came of it, `excuses` what may have cost an answer."""

    def __init__(self, subject: Subject, points: Points, caller: Caller, ledger: Ledger) -> None:
        self._subject = subject
        self._points = points
        self._caller = caller
        self._ledger = ledger
        self.excuses = Excuses()

    async def start(self) -> None:
        await self._die_at(START)

    async def answered(self) -> None:
        await self._die_at(ANSWERED)
        self.excuses.losses.append(Loss(0, time.monotonic()))

    async def stored(self) -> None:
        await self._die_at(SAVE)

    async def save(self) -> None:
        await self._cancel_at(SAVE)

    async def finish(self) -> None:
        # A failure: that a job cannot complete without its result, the database itself would see.
        await self._cancel_at(FINISH, failCode="content_refused")

    async def finished(self) -> None:
        await self._die_at(FINISHED)

    async def stream(self) -> None:
        job_id = await self._submit_until(FINISH)
        following = asyncio.create_task(Reader(self._caller, self._ledger).stream(job_id))
        while not self._ledger.readings:
            await asyncio.sleep(0.05)
        await self._subject.kill("api")
        await self._points.go(FINISH)
        await following

    async def _submit_until(self, point: str, **rehearsal: Any) -> str:
        """The id of a job that is held at this point."""
        body = {
            "type": "competence_file_generation",  # it has a step after the one that saves
            "candidateData": {"basics": {"name": "Ada Byron"}, "skills": [{"name": "python"}]},
            "options": {"rehearse": rehearsal},
        }
        order = self._ledger.order("job", body)
        headers = {"Idempotency-Key": order.key}
        self._points.arm(point)
        answer = await self._caller.insist("submit", "POST", "/api/enrichment", json=body, headers=headers)
        assert answer is not None
        order.ids.add(answer.json()["jobId"])
        await self._points.reached(point)
        return str(answer.json()["jobId"])

    async def _die_at(self, point: str) -> None:
        await self._submit_until(point)
        await self._subject.kill("worker")

    async def _cancel_at(self, point: str, **rehearsal: Any) -> None:
        job_id = await self._submit_until(point, **rehearsal)
        answer = await self._caller.ask("cancel", "POST", f"{JOBS}/{job_id}/cancel")
        assert answer is not None
        assert answer.status_code == httpx.codes.OK, "the job had not ended"
        self._ledger.cancelled.add((job_id, answer.json()["run"]))
        await self._points.go(point)


WINDOWS: dict[str, Callable[[Windows], Awaitable[None]]] = {
    window.__name__: window
    for window in (
        Windows.start,
        Windows.answered,
        Windows.stored,
        Windows.save,
        Windows.finish,
        Windows.finished,
        Windows.stream,
    )
}


@asynccontextmanager
async def pointed(subject: Subject, *mutants: str) -> AsyncIterator[Points]:
    """From now on the subject's worker has fault points, and these faults."""
    async with Points() as points:
        await subject.replace_worker("tests.faults.mutants", str(points.port), *mutants)
        yield points


async def force(subject: Subject, points: Points, window: str, deadline_s: float = DEADLINE_S) -> set[str]:
    """The names of the invariants that break in this window."""
    ledger = Ledger(prefix=f"window-{window}-{time.time_ns()}-")
    caller = Caller(subject.direct_url, ledger, time.monotonic() + _CALLS_WITHIN_S)
    record = Record(subject)
    temporal = await Client.connect(subject.stack.infrastructure.temporal_address, lazy=True)
    invariants = Invariants(record, ledger, temporal, subject.provider)
    try:
        windows = Windows(subject, points, caller, ledger)
        await WINDOWS[window](windows)
        await quiet(invariants, time.monotonic() + deadline_s)
        breaches: list[Breach] = await invariants.check(caller.http, windows.excuses)
    finally:
        await caller.close()
        await record.close()
    return {breach.invariant for breach in breaches if breach.cases}
