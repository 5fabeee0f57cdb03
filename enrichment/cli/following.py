"""Following jobs by their streams of events, through restarts of the API."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import httpx
from httpx_sse import SSEError

from enrichment.cli.client import Api, unreachable
from enrichment.cli.display import Display
from enrichment.cli.errors import Refused
from enrichment.cli.output import JSON
from enrichment.cli.prose import ENDINGS

_WAITS_S = (0.2, 0.5, 1.0, 2.0)
"""Between the tries to reach an API that went away; the last one is used again and again."""
_PATIENCE_S = 120.0
"""An API that is away for longer is given up."""


async def follow_all(api: Api, jobs: Iterable[JSON], display: Display) -> list[JSON]:
    """Shows every change of the jobs, given as they are now, until all have ended; returns them as they ended."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_follow(api, job, display)) for job in jobs]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def _follow(api: Api, job: JSON, display: Display) -> JSON:
    display.began(job)
    if job["status"] not in ENDINGS:
        async with aclosing(_changes(api, job, display)) as changes:
            async for job in changes:  # as it is now
                if job["status"] not in ENDINGS:
                    display.moved(job)
    display.ended(job)
    return job


async def _changes(api: Api, job: JSON, display: Display) -> AsyncGenerator[JSON]:
    """The job at each change; the last one is terminal."""
    last_id: str | None = None
    away_since, tries = time.monotonic(), 0
    while True:
        try:
            async with api.events(job["jobId"], last_id) as source, aclosing(source.aiter_sse()) as events:
                tries = 0
                async for event in events:
                    last_id = event.id or last_id
                    if event.event in ENDINGS:
                        yield json.loads(event.data)
                        return
                    if event.event != "progress":
                        continue
                    progress = json.loads(event.data)
                    told = job["progress"]
                    if progress["seq"] < told["seq"] or progress == told or progress["stage"] in ENDINGS:
                        continue  # told again after a reconnection, or about to be told as the ending
                    status = "pending" if progress["stage"] == "pending" else "in_progress"
                    job = job | {"status": status, "progress": progress}
                    yield job
        except (httpx.TransportError, SSEError) as error:
            failure: Exception = error
        except Refused as error:
            if error.http_status < 500:
                raise
            failure = error
        else:
            failure = httpx.RemoteProtocolError("the stream ended before the job")
        if tries == 0:
            away_since = time.monotonic()
        elif time.monotonic() - away_since > _PATIENCE_S:
            raise unreachable(api.location, failure)
        elif tries == 1:
            display.noticed(job, "the API does not answer; trying again")
        await asyncio.sleep(_WAITS_S[min(tries, len(_WAITS_S) - 1)])
        tries += 1
