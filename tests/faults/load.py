"""The clients: each submits under a key until it knows the outcome, and some send again, cancel, retry or watch."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from enrichment.models import SINGLE_TYPES, JobStatus
from tests.faults.calls import Caller
from tests.faults.ledger import Ledger, Order
from tests.faults.readers import Reader

JOBS = "/api/enrichment/jobs"

_STAGE_MS = {"critical": (0, 100, 400), "high": (0, 50, 200), "normal": (0, 20, 100), "low": (0, 20, 50)}
"""Pauses at each stage, from a job of milliseconds to one of seconds: less than the slots of its band take on."""
_PRIORITIES = ("critical", "critical", "high", "high", "high", "normal", "normal", "low")
_SHARE_OF_BULKS = 0.02
_SHARE_CANCELLED = 0.22
"""A third of the cancels come too late, so about 15 % of the jobs end by one."""
_SHARE_RETRIED = 0.5
"""Of those that failed or were cancelled, where somebody watched."""
_SHARE_SENT_TWICE = 0.1
"""Though the first answer was clear."""
_SHARE_TRANSIENT, _SHARE_PERMANENT = 0.1, 0.05
_AT_MOST_RETRIES = 3
_SCENARIOS = {"good": 0.85, "steady": 0.1, "server_error_once": 0.05}
"""What the provider does by itself: answers at once, takes 1.5 s, fails the first time."""


class Watch(StrEnum):
    NOT = "not"
    POLL = "poll"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Intent:
    """What one client is going to do; `at_s` counts from the start of the load."""

    number: int
    at_s: float
    body: dict[str, Any]
    scenario: str
    sends_twice: bool
    cancels_after_s: float | None
    retries: bool
    watch: Watch


def intents(seed: int, seconds: float, rate: float) -> Iterator[Intent]:
    """The same clients for the same seed, whatever the faults do to them."""
    rng = random.Random(f"load/{seed}")
    for number in range(int(seconds * rate)):
        body = _bulk(rng) if rng.random() < _SHARE_OF_BULKS else _single(rng)
        yield Intent(
            number=number,
            at_s=(number + rng.random()) / rate,
            body=body,
            scenario=rng.choices(list(_SCENARIOS), list(_SCENARIOS.values()))[0],
            sends_twice=rng.random() < _SHARE_SENT_TWICE,
            cancels_after_s=rng.uniform(0.0, 1.5) if rng.random() < _SHARE_CANCELLED else None,
            retries=rng.random() < _SHARE_RETRIED,
            watch=rng.choice(tuple(Watch)),
        )


def _single(rng: random.Random) -> dict[str, Any]:
    priority = rng.choice(_PRIORITIES)
    return {
        "type": rng.choice(SINGLE_TYPES),
        "candidateData": _candidate(rng),
        "priority": priority,
        "options": {"rehearse": _rehearsal(rng, priority)},
        "maxRetries": _AT_MOST_RETRIES,
    }


def _bulk(rng: random.Random) -> dict[str, Any]:
    return {
        "type": "bulk_candidate_enrichment",
        "candidates": [_candidate(rng) for _ in range(rng.randint(5, 20))],
        "priority": rng.choice(("high", "normal")),
        "options": {"type": rng.choice(SINGLE_TYPES), "batchSize": 5, "rehearse": {"stageMs": rng.choice((0, 20))}},
    }


def _rehearsal(rng: random.Random, priority: str) -> dict[str, Any]:
    rehearsal: dict[str, Any] = {"stageMs": rng.choice(_STAGE_MS[priority])}
    luck = rng.random()
    if luck < _SHARE_PERMANENT:
        rehearsal["failCode"] = "content_refused"
    elif luck < _SHARE_PERMANENT + _SHARE_TRANSIENT:
        rehearsal["failCode"] = "provider_overloaded"
    return rehearsal


def _candidate(rng: random.Random) -> dict[str, Any]:
    skills = rng.sample(("python", "Kubernetes", "PostgreSQL", "react", "Java", "go"), 3)
    work = {"name": "Analytical Engines", "position": "Engineer", "startDate": "2018-04", "summary": " ".join(skills)}
    return {"basics": {"name": "Ada Byron"}, "work": [work], "skills": [{"name": name} for name in skills]}


class Load:
    """Runs the clients. It ends when each has seen its job through, or knows that it will not."""

    def __init__(self, caller: Caller, ledger: Ledger) -> None:
        self._caller = caller
        self._ledger = ledger
        self._reader = Reader(caller, ledger)

    async def run(self, seed: int, seconds: float, rate: float) -> None:
        began_at = time.monotonic()
        async with asyncio.TaskGroup() as clients:
            for intent in intents(seed, seconds, rate):
                await asyncio.sleep(began_at + intent.at_s - time.monotonic())
                clients.create_task(self._client(intent), name=f"client {intent.number}")

    async def _client(self, intent: Intent) -> None:
        order = self._ledger.order(str(intent.number), intent.body, intent.scenario)
        job_id = await self._submit(order)
        if job_id is None:
            return
        async with asyncio.TaskGroup() as acts:
            watching = acts.create_task(self._watch(job_id, intent.watch))
            if intent.sends_twice:
                acts.create_task(self._submit(order))
            if intent.cancels_after_s is not None:
                acts.create_task(self._cancel(job_id, intent.cancels_after_s))
        ended = watching.result()
        if intent.retries and ended in {JobStatus.FAILED, JobStatus.CANCELLED}:
            await self._caller.insist("retry", "POST", f"{JOBS}/{job_id}/retry")
            await self._watch(job_id, intent.watch)

    async def _submit(self, order: Order) -> str | None:
        headers = {"Idempotency-Key": order.key}
        began_at = time.monotonic()
        answer = await self._caller.insist("submit", "POST", "/api/enrichment", json=order.body, headers=headers)
        if answer is None:
            return None
        self._ledger.accept_s.append(time.monotonic() - began_at)
        job_id = str(answer.json()["jobId"])
        order.ids.add(job_id)
        return job_id

    async def _cancel(self, job_id: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        asked_at = time.monotonic()
        answer = await self._caller.insist("cancel", "POST", f"{JOBS}/{job_id}/cancel")
        self._ledger.stops.append((job_id, asked_at, time.monotonic()))
        if answer is not None and answer.status_code == 200:
            self._ledger.cancelled.add((job_id, answer.json()["run"]))

    async def _watch(self, job_id: str, how: Watch) -> JobStatus | None:
        if how is Watch.NOT:
            return None
        return await (self._reader.poll(job_id) if how is Watch.POLL else self._reader.stream(job_id))
