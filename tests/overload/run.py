"""One run: what the machine serves, twice that for a while, and how it is afterwards."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest import mock

import asyncpg
import httpx

from enrichment.devstack.stack import Stack
from tests.overload.client import Client, Tally

MOST_REQUESTS = 200
"""At a time; more are told 503. So many connections show what the API can answer at most."""
BACK_WITHIN_S = 60.0
WARM_S = 5.0
PROBES = 10
_BODY = json.dumps({"type": "skills_optimization", "priority": "high", "candidateData": {"skills": [{"name": "go"}]}})

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen, and which promises it breaks."""

    serves_per_s: float
    offered_per_s: float
    overload: Tally
    calm_ms: float
    """The median answer before."""
    normal_after_s: float | None
    """When answers were as quick as before again; None: not within `BACK_WITHIN_S`."""
    done_after_s: float | None
    """When the last accepted job had ended; likewise."""
    accepted: int
    completed: int
    rows: int

    @property
    def broken(self) -> list[str]:
        tally, others = self.overload, set(self.overload.statuses) - {202, 429, 503}
        promises = {
            f"only 202, 429 and 503 are answered, not {sorted(others)}": not others,
            "every refusal says when to come again": tally.without_when == 0,
            "no connection ends without an answer": tally.broken == 0,
            "there was something to refuse": tally.statuses[429] + tally.statuses[503] > 0,
            "some were accepted meanwhile": tally.statuses[202] > 0,
            "every accepted job is there, and no refused one": self.rows == self.accepted,
            "every accepted job is completed in time": self.completed == self.accepted,
            f"answers are as before within {BACK_WITHIN_S:.0f} s": self.normal_after_s is not None,
        }
        return [promise for promise, holds in promises.items() if not holds]

    def __str__(self) -> str:
        figures = {
            "served at its limit": f"{self.serves_per_s:.0f}/s",
            "offered": f"{self.offered_per_s:.0f}/s",
            "answers": dict(sorted(self.overload.statuses.items())),
            "never sent: no connection was free": self.overload.unsent,
            "answer before, ms": f"{self.calm_ms:.1f}",
            "back to normal after": _seconds(self.normal_after_s),
            "last accepted job ended after": _seconds(self.done_after_s),
            "accepted, stored, completed": (self.accepted, self.rows, self.completed),
        }
        lines = [f"{name:<36} {value}" for name, value in figures.items()]
        return "\n".join(lines + [f"BROKEN: {promise}" for promise in self.broken])


async def run(data_dir: Path, seconds: float, most_open: int, tell: Tell = lambda _: None) -> Outcome:
    """Overloads a stack of its own for so long. Of more than `most_open` jobs at a time its callers are told 429."""
    limits = {"ENRICHMENT_MAX_OPEN_JOBS": str(most_open), "ENRICHMENT_MAX_REQUESTS": str(MOST_REQUESTS)}
    with mock.patch.dict(os.environ, limits):  # the stack hands them on
        return await _run(data_dir, seconds, tell)


async def _run(data_dir: Path, seconds: float, tell: Tell) -> Outcome:
    async with (
        Stack(data_dir=data_dir, tell=tell) as stack,
        Client(stack.api_url) as client,
        httpx.AsyncClient(base_url=stack.api_url, timeout=BACK_WITHIN_S, trust_env=False) as patient,
    ):
        database = await asyncpg.connect(stack.infrastructure.database_url, command_timeout=30)
        request = _post(stack.api_url)
        accepted = list[bytes]()
        prober = Prober(patient, accepted)
        calm_s = await prober.probe()
        warm_s = min(seconds, WARM_S)
        warm = await client.at_once(request, MOST_REQUESTS, warm_s)
        accepted += warm.bodies
        serves = warm.answered / warm_s
        await _until_done(database)
        tell(f"It answers {serves:.0f} requests a second; twice that for {seconds:.0f} s")

        overload = await client.at_rate(request, 2 * serves, seconds)

        accepted += overload.bodies
        normal_after_s, done_after_s = await asyncio.gather(prober.until_normal(calm_s), _until_done(database))
        await _until_done(database)  # the probes' own
        ids = {json.loads(body)["jobId"] for body in accepted}
        rows = await database.fetch("SELECT id, status FROM enrichment_job")
        await database.close()
        return Outcome(
            serves_per_s=serves,
            offered_per_s=(overload.answered + overload.broken) / seconds,
            overload=overload,
            calm_ms=calm_s * 1000,
            normal_after_s=normal_after_s,
            done_after_s=done_after_s,
            accepted=len(ids),
            completed=len([row for row in rows if row["id"] in ids and row["status"] == "completed"]),
            rows=len(rows),
        )


def _post(url: str) -> bytes:
    head = f"POST /api/enrichment HTTP/1.1\r\nHost: {url.removeprefix('http://')}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(_BODY)}\r\n\r\n{_BODY}".encode()


class Prober:
    """A caller with a connection of its own, who submits a job now and then."""

    def __init__(self, client: httpx.AsyncClient, accepted: list[bytes]) -> None:
        self._client = client
        self._accepted = accepted

    async def probe(self) -> float:
        """The median of how long a job takes to be accepted, of `PROBES`; endless where it is refused."""
        return median([await self._once() for _ in range(PROBES)])

    async def until_normal(self, calm_s: float) -> float | None:
        """Seconds until answers take no more than thrice what they took before, or 50 ms."""
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < BACK_WITHIN_S:
            if await self.probe() <= max(3 * calm_s, 0.05):
                return elapsed
            await asyncio.sleep(0.5)
        return None

    async def _once(self) -> float:
        began = time.monotonic()
        answer = await self._client.post("/api/enrichment", content=_BODY, headers={"Content-Type": "application/json"})
        if answer.status_code != 202:
            return float("inf")
        self._accepted.append(answer.content)
        return time.monotonic() - began


async def _until_done(database: "asyncpg.Connection[asyncpg.Record]") -> float | None:
    """Seconds until no job is open."""
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < BACK_WITHIN_S:
        if not await database.fetchval(
            "SELECT EXISTS (SELECT FROM enrichment_job WHERE status IN ('pending', 'in_progress'))"
        ):
            return elapsed
        await asyncio.sleep(0.2)
    return None


def _seconds(value: float | None) -> str:
    return f"more than {BACK_WITHIN_S:.0f} s" if value is None else f"{value:.1f} s"
