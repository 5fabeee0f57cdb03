"""Those who watch a job, by asking again and again or by server-sent events, and write down what they see."""

import asyncio
import json
from typing import Any

import httpx
from httpx_sse import SSEError, aconnect_sse

from enrichment.models import TERMINAL, JobStatus
from tests.faults.calls import TIMEOUT_S, Caller
from tests.faults.ledger import Ledger, Reading

_LOOK_EVERY_S = 0.2
_SILENCE_S = 12.0
"""A stream says something every 10 s; one that is silent for longer is dead."""
_PATH = "/api/enrichment/jobs/{job_id}"


class Reader:
    """Both ways end with the terminal state that was seen, or with None when the run's time is over."""

    def __init__(self, caller: Caller, ledger: Ledger) -> None:
        self._caller = caller
        self._ledger = ledger

    async def poll(self, job_id: str) -> JobStatus | None:
        while not self._caller.is_over:
            answer = await self._caller.ask("read", "GET", _PATH.format(job_id=job_id))
            if answer is not None:
                job = answer.json()
                self._note(job_id, job["run"], job["status"], job["progress"], "poll")
                if job["status"] in TERMINAL:
                    return JobStatus(job["status"])
            await asyncio.sleep(_LOOK_EVERY_S)
        self._ledger.unanswered.append(f"poll {job_id}: it never ended")
        return None

    async def stream(self, job_id: str) -> JobStatus | None:
        """Comes again with `Last-Event-ID` whenever the stream breaks."""
        answer = await self._caller.insist("read", "GET", _PATH.format(job_id=job_id))
        run = 0 if answer is None else answer.json()["run"]
        after: list[str] = []
        while not self._caller.is_over:
            try:
                end = await self._one_stream(job_id, run, after)
            except (httpx.HTTPError, SSEError) as error:
                self._ledger.answers[f"stream {type(error).__name__}"] += 1
            else:
                if end is not None:
                    return end
            await asyncio.sleep(_LOOK_EVERY_S)
        self._ledger.unanswered.append(f"stream {job_id}: the terminal event never came")
        return None

    async def _one_stream(self, job_id: str, run: int, after: list[str]) -> JobStatus | None:
        """One connection. `after` holds the last event's number, for the next one."""
        path = f"{_PATH.format(job_id=job_id)}/events"
        headers = {"Last-Event-ID": after[-1]} if after else {}
        patience = httpx.Timeout(TIMEOUT_S, read=_SILENCE_S)
        async with aconnect_sse(self._caller.http, "GET", path, headers=headers, timeout=patience) as source:
            code = source.response.status_code
            self._ledger.answers[f"stream {code}"] += 1
            if code not in {200, 503}:
                self._ledger.unexpected.append(f"stream {path}: {code}")
            if code != 200:
                return None
            async for event in source.aiter_sse():
                if not event.data:
                    continue  # `retry:` and a ping: no event by the standard, but one to this parser
                told = json.loads(event.data)
                if event.id:
                    after[:] = [event.id]
                if event.event == "progress":
                    self._note(job_id, run, JobStatus.IN_PROGRESS, told, "stream")
                else:
                    self._note(job_id, told["run"], told["status"], told["progress"], "stream")
                    return JobStatus(told["status"])
        return None

    def _note(self, job_id: str, run: int, status: str, progress: dict[str, Any], how: str) -> None:
        reading = Reading(status, progress["percentage"], how)
        seen = self._ledger.readings[job_id, run]
        if not seen or seen[-1] != reading:
            seen.append(reading)
