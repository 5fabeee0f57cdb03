"""What must hold after every run. Each check gives the cases that break it, so that a count of 0 is a pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import httpx
from temporalio.client import Client

from enrichment.models import TERMINAL
from tests.faults.ledger import Ledger
from tests.faults.payments import Excuses, paid_again
from tests.faults.record import Record
from tests.faults.rows import BREAKING, ENDED, OPEN, OURS, UNDISPATCHED, UNHEARD
from tests.provider import Provider


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant and the cases that break it."""

    invariant: str
    cases: tuple[str, ...]


class Invariants:
    """Looks at the rows, asks the API past the proxy, and holds both against what clients and provider have seen."""

    def __init__(self, record: Record, ledger: Ledger, temporal: Client, provider: Provider) -> None:
        self._record = record
        self._ledger = ledger
        self._temporal = temporal
        self._provider = provider

    async def unsettled(self) -> list[str]:
        """What is still under way: open rows, and workflows that are open although their row has ended."""
        return [row[0] for row in await self._record.rows(OPEN, self._ledger.prefix)] + await self._open_workflows()

    async def undispatched(self) -> list[str]:
        return [row[0] for row in await self._record.rows(UNDISPATCHED, self._ledger.prefix)]

    async def unheard(self) -> dict[str, int]:
        """How many attempts at each candidate were given up because nobody heard of them, also without a fault."""
        rows = await self._record.rows(UNHEARD, self._ledger.prefix)
        return {row["token"]: row["attempts"] for row in rows}

    async def check(self, api: httpx.AsyncClient, excuses: Excuses) -> list[Breach]:
        """Every invariant, with what breaks it."""
        found = {
            name: [row[0] for row in await self._record.rows(query, self._ledger.prefix)]
            for name, query in BREAKING.items()
        }
        found |= {
            "accepted ids without a row": await self._lost(),
            "cancel 2xx that did not end cancelled": await self._cancels_broken(),
            "bulks without all their candidates": await self._incomplete_bulks(),
            "open workflows on terminal rows": await self._open_workflows(),
            "HTTP that differs from the row": await self._told_differently(api),
            "readers told another end than the row's": await self._ends_broken(),
            "more than one id per key": [order.key for order in self._ledger.orders.values() if len(order.ids) > 1],
            "milestone regressions": list(_regressions(self._ledger)),
            "provider calls > jobs + deaths": list(paid_again(self._ledger, self._provider.seen, excuses)),
            "calls never answered": self._ledger.unanswered,
            "answers that must not be": self._ledger.unexpected,
        }
        return [Breach(name, tuple(map(str, cases))) for name, cases in sorted(found.items())]

    async def _lost(self) -> list[str]:
        rows = await self._record.rows(
            "SELECT id FROM enrichment_job WHERE id = ANY($1::text[])", list(self._ledger.accepted)
        )
        return sorted(self._ledger.accepted - {row["id"] for row in rows})

    async def _terminal_events(self) -> dict[tuple[str, int], list[str]]:
        rows = await self._record.rows(
            f"WITH ours AS ({OURS}) SELECT job_id, event.run, to_status FROM enrichment_event AS event"
            f" JOIN ours ON ours.id = job_id WHERE to_status IN {ENDED} ORDER BY event.id",
            self._ledger.prefix,
        )
        ends: dict[tuple[str, int], list[str]] = {}
        for row in rows:
            ends.setdefault((row["job_id"], row["run"]), []).append(row["to_status"])
        return ends

    async def _cancels_broken(self) -> list[str]:
        ends = await self._terminal_events()
        return [f"{job}.{run}" for job, run in self._ledger.cancelled if ends.get((job, run)) != ["cancelled"]]

    async def _ends_broken(self) -> list[str]:
        """A terminal state that a reader saw must be the one that the run has ended in."""
        ends = await self._terminal_events()
        seen = {
            (job, run, reading.status)
            for (job, run), readings in self._ledger.readings.items()
            for reading in readings
            if reading.status in TERMINAL
        }
        return [f"{job}.{run}: told {status}" for job, run, status in seen if ends.get((job, run)) != [status]]

    async def _incomplete_bulks(self) -> list[str]:
        rows = await self._record.rows(
            "SELECT parent.idempotency_key, count(*) FROM enrichment_job AS parent"
            " JOIN enrichment_job AS child ON child.parent_id = parent.id"
            " WHERE starts_with(parent.idempotency_key, $1) GROUP BY 1",
            self._ledger.prefix,
        )
        children = {row[0]: row[1] for row in rows}
        return [
            order.key
            for order in self._ledger.orders.values()
            if order.candidates is not None and order.ids and children.get(order.key) != order.candidates
        ]

    async def _open_workflows(self) -> list[str]:
        """Workflows that run although their row has ended or is in another run."""
        rows = await self._record.rows(f"WITH ours AS ({OURS}) SELECT id, run, status FROM ours", self._ledger.prefix)
        open_runs = {f"{row['id']}.{row['run']}" for row in rows if row["status"] not in TERMINAL}
        ours = {row["id"] for row in rows}
        running = [each.id async for each in self._temporal.list_workflows('ExecutionStatus = "Running"')]
        return [each for each in running if _job_run(each)[0] in ours and ".".join(_job_run(each)) not in open_runs]

    async def _told_differently(self, api: httpx.AsyncClient) -> list[str]:
        rows = await self._record.rows(
            f"WITH ours AS ({OURS}) SELECT id, run, status FROM ours WHERE parent_id IS NULL", self._ledger.prefix
        )
        differing = []
        for row in rows:
            answer = await api.get(f"/api/enrichment/jobs/{row['id']}")
            told = answer.json() if answer.status_code == httpx.codes.OK else {}
            if (told.get("run"), told.get("status")) != (row["run"], row["status"]):
                differing.append(f"{row['id']}: {answer.status_code}")
        return differing


def _job_run(workflow_id: str) -> tuple[str, str]:
    """`enrich-{job}.{run}`."""
    job, _, run = workflow_id.removeprefix("enrich-").partition(".")
    return job, run


def _regressions(ledger: Ledger) -> Iterable[str]:
    """Also where the API says `degraded`: it may know less than before, and takes nothing back."""
    for (job, run), readings in ledger.readings.items():
        for before, after in pairwise(readings):
            if after.percentage < before.percentage:
                yield f"{job}.{run}: {before.percentage} → {after.percentage} ({after.status}, {after.how})"
