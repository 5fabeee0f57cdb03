"""The windows in which a job is lost, or ends twice, unless the product is right: each forced open, then used.

start    a row is claimed and its workflow is not started: the worker dies
finish   a job is about to end: its cancellation comes first
save     a result is about to be stored: the job's cancellation comes first
"""

import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from temporalio.client import Client

from tests.faults.calls import Caller
from tests.faults.invariants import Breach, Invariants
from tests.faults.ledger import Ledger
from tests.faults.load import JOBS
from tests.faults.mutants import FINISH, SAVE, START
from tests.faults.points import Points
from tests.faults.record import Record
from tests.faults.run import quiet
from tests.faults.subject import Subject

DEADLINE_S = 6.0
"""From the end of a window until its job must be over: several times what the product needs."""
_CALLS_WITHIN_S = 40.0


class Windows:
    """Forces one window on one subject. `broken` is what came of it."""

    def __init__(self, subject: Subject, points: Points, caller: Caller, ledger: Ledger) -> None:
        self._subject = subject
        self._points = points
        self._caller = caller
        self._ledger = ledger

    async def start(self) -> None:
        await self._submit(START, {})
        await self._points.reached(START)
        await self._subject.kill_worker()

    async def finish(self) -> None:
        # A failure: that a job cannot complete without its result, the database itself would see.
        job_id = await self._submit(FINISH, {"failCode": "content_refused"})
        await self._cancel_at(FINISH, job_id)

    async def save(self) -> None:
        job_id = await self._submit(SAVE, {})
        await self._cancel_at(SAVE, job_id)

    async def _submit(self, name: str, rehearsal: dict[str, Any]) -> str:
        order = self._ledger.order(f"{self._ledger.prefix}{name}")
        body = {
            "type": "competence_file_generation",  # it has a step after the one that saves
            "candidateData": {"basics": {"name": "Ada Byron"}, "skills": [{"name": "python"}]},
            "options": {"rehearse": rehearsal},
        }
        headers = {"Idempotency-Key": order.key}
        answer = await self._caller.insist("submit", "POST", "/api/enrichment", json=body, headers=headers)
        assert answer is not None
        order.ids.add(answer.json()["jobId"])
        return str(answer.json()["jobId"])

    async def _cancel_at(self, point: str, job_id: str) -> None:
        await self._points.reached(point)
        answer = await self._caller.ask("cancel", "POST", f"{JOBS}/{job_id}/cancel")
        assert answer is not None
        assert answer.status_code == httpx.codes.OK, "the job had not ended"
        self._ledger.cancelled.add((job_id, answer.json()["run"]))
        await self._points.go(point)


WINDOWS: dict[str, Callable[[Windows], Awaitable[None]]] = {
    START: Windows.start,
    FINISH: Windows.finish,
    SAVE: Windows.save,
}


async def force(subject: Subject, window: str, *mutants: str) -> set[str]:
    """The names of the invariants that a worker with these faults breaks in this window."""
    ledger = Ledger(prefix=f"window-{window}-{time.time_ns()}-")
    caller = Caller(subject.direct_url, ledger, time.monotonic() + _CALLS_WITHIN_S)
    record = Record(subject)
    temporal = await Client.connect(subject.stack.infrastructure.temporal_address, lazy=True)
    invariants = Invariants(record, ledger, temporal)
    try:
        async with Points(window) as points:
            command = (sys.executable, "-P", "-m", "tests.faults.mutants", str(points.port), *mutants)
            await subject.replace_worker(*command)
            await WINDOWS[window](Windows(subject, points, caller, ledger))
            await quiet(invariants, time.monotonic() + DEADLINE_S)
            breaches: list[Breach] = await invariants.check(caller.http)
    finally:
        await caller.close()
        await record.close()
    return {breach.invariant for breach in breaches if breach.cases}
