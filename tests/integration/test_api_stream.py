"""Following a job by server-sent events. The test does what a worker would, step by step."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse

from enrichment.db import Database
from enrichment.jobs import attempts, transitions
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus, Progress
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore

LATER = "2999-01-01T00:00:00Z"


@pytest.fixture(scope="module")
async def progress(settings: Settings) -> AsyncIterator[ProgressStore]:
    store = ProgressStore.connect(settings)
    yield store
    await store.close()


@pytest.fixture
async def job_id(api: httpx.AsyncClient) -> str:
    """A job that no worker starts."""
    body = {"type": "skills_optimization", "candidateData": {}, "runAt": LATER}
    accepted: dict[str, Any] = (await api.post("/api/enrichment", json=body)).json()
    return str(accepted["jobId"])


@asynccontextmanager
async def following(api: httpx.AsyncClient, job_id: str, *, after: str = "") -> AsyncIterator[EventSource]:
    headers = {"Last-Event-ID": after} if after else {}
    async with (
        asyncio.timeout(20),
        aconnect_sse(api, "GET", f"/api/enrichment/jobs/{job_id}/events", headers=headers) as source,
    ):
        yield source


async def follow(api: httpx.AsyncClient, job_id: str, *, after: str = "") -> list[ServerSentEvent]:
    async with following(api, job_id, after=after) as source:
        return [event async for event in source.aiter_sse()]


async def report(progress: ProgressStore, job_id: str, *percentages: int) -> None:
    for percentage in percentages:
        await progress.report(job_id, 1, Progress(percentage=percentage, stage="enrich", message="Reading"))


async def test_progress_in_order_then_the_end_once(
    api: httpx.AsyncClient, database: Database, progress: ProgressStore, job_id: str
) -> None:
    seen: list[ServerSentEvent] = []
    async with following(api, job_id) as source:
        async for event in source.aiter_sse():
            seen.append(event)
            percentage = event.json()["percentage"] if event.event == "progress" else None
            match percentage:
                case 0:
                    await attempts.begin(database, job_id, 1, 1)
                    await report(progress, job_id, 10)
                case 10:
                    await report(progress, job_id, 60)
                case 60:
                    await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result={"a": 1}))

    updates, ends = [e for e in seen if e.event == "progress"], [e for e in seen if e.event != "progress"]
    assert [event.json()["percentage"] for event in updates] == [0, 10, 60]
    numbers = [int(event.id) for event in updates[1:]]
    assert numbers == sorted(set(numbers))
    assert [event.event for event in ends] == ["completed"]
    assert seen[-1] is ends[0]
    job = (await api.get(f"/api/enrichment/jobs/{job_id}")).json()
    assert ends[0].json() == job


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Outcome(JobStatus.COMPLETED, result={}), "completed"),
        (Outcome(JobStatus.FAILED, error_code="internal", error="Something went wrong"), "failed"),
        (Outcome(JobStatus.CANCELLED), "cancelled"),
    ],
)
async def test_a_late_follower_is_told_the_end_at_once(
    api: httpx.AsyncClient, database: Database, job_id: str, outcome: Outcome, event: str
) -> None:
    await attempts.begin(database, job_id, 1, 1)
    await transitions.finish(database, job_id, 1, outcome)
    told = await follow(api, job_id)
    assert [one.event for one in told] == [event]
    assert told[0].json()["jobId"] == job_id
    assert [one.event for one in await follow(api, job_id, after="9000000000000000000")] == [event]


async def test_a_follower_who_comes_again_is_told_only_what_is_new(
    api: httpx.AsyncClient, database: Database, progress: ProgressStore, job_id: str
) -> None:
    await attempts.begin(database, job_id, 1, 1)
    await report(progress, job_id, 20)
    async with following(api, job_id) as source:
        first = await anext(source.aiter_sse())
    assert first.json()["percentage"] == 20

    async with following(api, job_id, after=first.id) as source:
        events = source.aiter_sse()
        await report(progress, job_id, 20)  # the same percentage, and a newer number
        again = await anext(events)
        assert int(again.id) > int(first.id)
        await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result={}))
        assert [event.event async for event in events] == ["completed"]


async def test_many_followers_of_one_job_see_the_same(
    api: httpx.AsyncClient, database: Database, progress: ProgressStore, job_id: str
) -> None:
    followers = [asyncio.create_task(follow(api, job_id)) for _ in range(20)]
    await attempts.begin(database, job_id, 1, 1)
    await report(progress, job_id, 30, 70)
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result={}))
    for events in await asyncio.gather(*followers):
        assert [event.event for event in events].count("completed") == 1
        percentages = [event.json()["percentage"] for event in events[:-1]]
        assert percentages == sorted(percentages)


async def test_a_cancelled_job_ends_its_stream(api: httpx.AsyncClient, job_id: str) -> None:
    async with following(api, job_id) as source:
        events = source.aiter_sse()
        assert (await anext(events)).event == "progress"
        await api.delete(f"/api/enrichment?jobId={job_id}")
        assert [event.event async for event in events][-1] == "cancelled"


async def test_the_stream_says_how_it_is_to_be_read(api: httpx.AsyncClient, job_id: str) -> None:
    async with following(api, job_id) as source:
        assert source.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert source.response.headers["cache-control"] == "no-store"
        assert (await anext(source.aiter_sse())).retry == 1000


async def test_a_real_job_is_followed_to_its_document(api: httpx.AsyncClient, worker: None) -> None:
    body = {"type": "competence_file_generation", "candidateData": {"basics": {"name": "Maren Oddvik"}}, "priority": 20}
    accepted = (await api.post("/api/enrichment", json=body)).json()
    *updates, end = await follow(api, accepted["jobId"])
    assert end.event == "completed"
    percentages = [event.json()["percentage"] for event in updates]
    assert percentages == sorted(percentages)
    document = await api.get(end.json()["links"]["document"])
    assert document.status_code == 200
    assert "Maren Oddvik" in document.text
