"""How long until the product serves again after a fault, as a user would notice it."""

import asyncio
import contextlib
import itertools
import time
from dataclasses import dataclass

import asyncpg
import httpx

from enrichment.models import TERMINAL
from tests.faults.actions import Fired
from tests.faults.ledger import Ledger
from tests.faults.plan import Fault, Kind
from tests.faults.record import Record
from tests.faults.subject import Subject

_PATIENCE_S = 60.0
_LOOK_EVERY_S = 0.05
_CALL_TIMEOUT_S = 2.0
_CANARY = {"type": "skills_optimization", "priority": "critical"}

ANSWERS = "API answers"
COMPLETES = "new job completes"
RUNS_AGAIN = "held job runs again"

Held = dict[str, tuple[int, int]]
"""Of each job that runs, its run and how often it was retried."""

_HELD = """
    SELECT id, run, retry_count FROM enrichment_job
    WHERE status = 'in_progress' AND retry_at IS NULL AND type <> 'bulk_candidate_enrichment'
"""
_STILL_HELD = """
    SELECT job.id, CASE WHEN job.parent_id IS NOT NULL THEN job.xmin::text END AS written_by, retry_at
    FROM enrichment_job AS job
    JOIN unnest($1::text[], $2::integer[], $3::integer[]) AS held (id, run, retry_count) USING (id, run, retry_count)
    WHERE job.status = 'in_progress'
"""
"""`written_by` only of a bulk's: beginning one again may count as no attempt, but it writes the row."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What took how long after which fault; `seconds` None: it did not happen within a minute."""

    fault: str
    what: str
    since: float
    seconds: float | None


class Recoveries:
    """Measures after each fault; `measured` grows."""

    def __init__(self, subject: Subject, record: Record, ledger: Ledger) -> None:
        self._subject = subject
        self._record = record
        self._ledger = ledger
        self._numbers = itertools.count(1)
        self.measured: list[Recovery] = []

    async def before(self, fault: Fault) -> Held:
        """The jobs that a worker about to be ended has in hand."""
        if fault.target != "worker" or fault.kind not in {Kind.KILL, Kind.TERM}:
            return {}
        try:
            async with asyncio.timeout(2.0):
                rows = await self._record.rows(_HELD)
        except TimeoutError:
            return {}  # the database is away because of another fault
        return {row["id"]: (row["run"], row["retry_count"]) for row in rows}

    async def after(self, fired: Fired, held: Held) -> None:
        async with asyncio.TaskGroup() as measures:
            measures.create_task(self._completes(fired))
            if fired.fault.target == "api":
                measures.create_task(self._answers(fired))
            if held:
                measures.create_task(self._run_again(fired, held))

    async def _answers(self, fired: Fired) -> None:
        seconds = None
        ends_at = fired.since + _PATIENCE_S
        async with self._client(self._subject.direct_url) as client:
            while seconds is None and time.monotonic() < ends_at:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get("/readyz")).status_code == httpx.codes.OK:
                        seconds = time.monotonic() - fired.since
                await asyncio.sleep(_LOOK_EVERY_S)
        self._note(fired, ANSWERS, seconds)

    async def _completes(self, fired: Fired) -> None:
        """A canary: a job that is submitted at once, with the same key until it is accepted."""
        body = {**_CANARY, "candidateData": {"basics": {"name": "Ada Byron"}}}
        order = self._ledger.order(f"canary-{next(self._numbers)}", body)
        url = self._subject.url if fired.fault.target == "to-api" else self._subject.direct_url
        ends_at = fired.since + _PATIENCE_S
        async with self._client(url) as client:
            while time.monotonic() < ends_at:
                with contextlib.suppress(httpx.HTTPError):
                    if not order.ids:
                        answer = await client.post("/api/enrichment", json=body, headers={"Idempotency-Key": order.key})
                        if answer.status_code == httpx.codes.ACCEPTED:
                            order.ids.add(answer.json()["jobId"])
                    else:
                        answer = await client.get(f"/api/enrichment/jobs/{next(iter(order.ids))}")
                        if answer.status_code == httpx.codes.OK and answer.json()["status"] in TERMINAL:
                            self._note(fired, COMPLETES, time.monotonic() - fired.since)
                            return
                await asyncio.sleep(_LOOK_EVERY_S)
        self._note(fired, COMPLETES, None)

    async def _run_again(self, fired: Fired, held: Held) -> None:
        """Until each of them has begun again, or has ended. Now that its worker is gone, only another one writes it."""
        ends_at = fired.since + _PATIENCE_S
        left = {row["id"]: row["written_by"] for row in await self._still(held)}
        while held and time.monotonic() < ends_at:
            rows = await self._still(held)
            now = time.monotonic()
            still = {row["id"] for row in rows if row["retry_at"] or row["written_by"] == left[row["id"]]}
            for job_id in held.keys() - still:
                del held[job_id]
                self._note(fired, RUNS_AGAIN, now - fired.since)
            await asyncio.sleep(_LOOK_EVERY_S)
        for _ in held:
            self._note(fired, RUNS_AGAIN, None)

    async def _still(self, held: Held) -> list[asyncpg.Record]:
        runs, retries = [run for run, _ in held.values()], [retries for _, retries in held.values()]
        return await self._record.rows(_STILL_HELD, list(held), runs, retries)

    def _note(self, fired: Fired, what: str, seconds: float | None) -> None:
        self.measured.append(Recovery(fired.fault.name, what, fired.since, seconds))

    @staticmethod
    def _client(url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, timeout=_CALL_TIMEOUT_S, trust_env=False)
