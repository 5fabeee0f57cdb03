"""Limits: who asks too often or has too many jobs is told when to come again, and what was accepted is never lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from api import connection, reader, upload
from enrichment.db import Database
from enrichment.service import submitting
from enrichment.settings import Settings
from tests.conftest import serving
from tests.integration.access import Shown, a_key, requiring_keys

LATER = "2999-01-01T00:00:00Z"
JOB = {"type": "skills_optimization", "candidateData": {}, "runAt": LATER}


@asynccontextmanager
async def limited(settings: Settings, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    changed = requiring_keys(settings).model_copy(update=changes)
    unpooled = httpx.Limits(max_connections=None)
    async with serving(changed) as url, httpx.AsyncClient(base_url=url, timeout=30, limits=unpooled) as client:
        yield client


@pytest.fixture
async def key(database: Database) -> Shown:
    return await a_key(database, tenant=f"limits-{uuid4().hex}")


async def test_a_key_has_so_many_requests_and_each_answer_tells_how_many(
    settings: Settings, database: Database, key: Shown
) -> None:
    other = await a_key(database)
    async with limited(settings, rate_limit="3/day") as api:
        answers = [await api.get("/session", headers=key.header) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        refused = answers[-1]
        assert refused.json()["code"] == "rate_limited"
        assert refused.headers["ratelimit-limit"] == "3"
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        assert (await api.get("/session", headers=other.header)).status_code == 200, "a limit for each key"
        assert (await api.get("/healthz")).status_code == 200
    async with limited(settings, rate_limit="3/day") as another_process:
        assert (await another_process.get("/session", headers=key.header)).status_code == 429


async def test_without_redis_each_process_limits_alone(settings: Settings, key: Shown) -> None:
    async with limited(settings, rate_limit="2/day", redis_url=SecretStr("redis://127.0.0.1:1")) as api:
        submitted = await api.post("/api/enrichment", json=JOB, headers=key.header)
        assert submitted.status_code == 202
        statuses = [(await api.get("/session", headers=key.header)).status_code for _ in range(2)]
        assert statuses == [200, 429]


async def test_without_a_limit_nothing_is_counted(settings: Settings, key: Shown) -> None:
    async with limited(settings) as api:
        answer = await api.get("/session", headers=key.header)
    assert not any(name.startswith("ratelimit") for name in answer.headers)


async def test_a_tenant_has_so_many_jobs_open(settings: Settings, key: Shown) -> None:
    async with limited(settings, max_open_jobs=2) as api:
        jobs = [(await api.post("/api/enrichment", json=JOB, headers=key.header)).json()["jobId"] for _ in range(2)]
        refused = await api.post("/api/enrichment", json=JOB, headers=key.header)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        await api.post(f"/api/enrichment/jobs/{jobs[0]}/cancel", headers=key.header)
        assert (await api.post("/api/enrichment", json=JOB, headers=key.header)).status_code == 202
        listed = (await api.get("/api/enrichment/jobs", headers=key.header)).json()["jobs"]
    assert {job["jobId"] for job in listed} > set(jobs)
    assert len(listed) == 3


async def test_a_retry_opens_no_more_jobs_than_a_tenant_may_have(settings: Settings, key: Shown) -> None:
    async def post(path: str, body: Any = None) -> httpx.Response:
        return await api.post(path, json=body, headers=key.header)

    async def submit(body: Any) -> str:
        return str((await post("/api/enrichment", body)).json()["links"]["self"])

    async with limited(settings, max_open_jobs=3) as api:
        bulk = await submit({"type": "bulk_candidate_enrichment", "candidates": [{}, {}], "runAt": LATER})
        await post(f"{bulk}/cancel")
        job, *others = [await submit(JOB) for _ in range(3)]
        await post(f"{job}/cancel")

        refused = await post(f"{bulk}/retry")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10"), "it would open its jobs too"
        cancelled = {"action": "retry", "filter": {"status": "cancelled"}}
        assert (await post("/api/enrichment/jobs/actions", cancelled)).status_code == 429
        assert (await post(f"{job}/retry")).status_code == 202
        assert (await post(f"{bulk}/retry")).status_code == 429
        assert (await post(f"{job}/retry")).status_code == 409, "what is open is never retried"
        for other in (job, *others):
            await post(f"{other}/cancel")
        assert (await post(f"{bulk}/retry")).status_code == 202


async def test_a_bulk_counts_with_all_its_jobs(settings: Settings, key: Shown) -> None:
    bulk = {"type": "bulk_candidate_enrichment", "candidates": [{}, {}, {}], "runAt": LATER}
    async with limited(settings, max_jobs_per_day=4) as api:
        assert (await api.post("/api/enrichment", json=bulk, headers=key.header)).status_code == 202
        calls: tuple[tuple[str, dict[str, Any]], ...] = (
            ("/api/enrichment", {"json": JOB}),
            ("/api/enrichment/bulk", {"content": b"{}\n", "headers": {"Content-Type": "application/x-ndjson"}}),
        )
        for path, content in calls:
            headers = key.header | content.pop("headers", {})
            refused = await api.post(path, headers=headers, **content)
            assert refused.status_code == 429
            assert 0 < int(refused.headers["retry-after"]) <= 86_400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/enrichment", {"json": JOB}),
        (
            f"/api/enrichment/bulk?runAt={LATER}",
            {"content": b"{}\n", "headers": {"Content-Type": "application/x-ndjson"}},
        ),
    ],
)
async def test_repeating_what_was_accepted_is_within_every_quota(
    settings: Settings, key: Shown, path: str, body: dict[str, Any]
) -> None:
    async def post(idempotency_key: str) -> httpx.Response:
        headers = key.header | body.get("headers", {}) | {"Idempotency-Key": idempotency_key}
        return await api.post(path, **body | {"headers": headers})

    async with limited(settings, max_open_jobs=1, max_jobs_per_day=1) as api:
        first, again, another = [await post(idempotency_key) for idempotency_key in ("one", "one", "two")]
    assert [answer.status_code for answer in (first, again, another)] == [202, 202, 429]
    assert again.json()["jobId"] == first.json()["jobId"]
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_key_of_another_tenant_has_a_quota_of_its_own(
    settings: Settings, database: Database, key: Shown
) -> None:
    other = await a_key(database, tenant=f"limits-{uuid4().hex}")
    async with limited(settings, max_open_jobs=1, max_jobs_per_day=1) as api:
        for shown, status in ((key, 202), (other, 202), (key, 429), (other, 429)):
            assert (await api.post("/api/enrichment", json=JOB, headers=shown.header)).status_code == status


async def test_more_than_it_serves_is_told_to_come_again_and_nothing_accepted_is_lost(
    settings: Settings, key: Shown
) -> None:
    async with limited(settings, max_requests=4) as api:
        answers = await asyncio.gather(*(api.post("/api/enrichment", json=JOB, headers=key.header) for _ in range(120)))
        accepted = {answer.json()["jobId"] for answer in answers if answer.status_code == 202}
        shed = [answer for answer in answers if answer.status_code != 202]
        assert accepted
        assert shed
        assert {(answer.status_code, answer.headers["retry-after"]) for answer in shed} == {(503, "1")}
        listed = (await api.get("/api/enrichment/jobs?limit=200", headers=key.header)).json()["jobs"]
        assert {job["jobId"] for job in listed} == accepted
        assert (await api.post("/api/enrichment", json=JOB, headers=key.header)).status_code == 202, "as before"


async def test_slow_uploads_leave_connections_to_others(
    settings: Settings, key: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "MOST_UPLOADS", 1)
    path, headers = "/api/enrichment/bulk?priority=low", key.header | {"Content-Type": "application/x-ndjson"}
    is_sent, goes_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{}\n"
        is_sent.set()
        await goes_on.wait()

    async with limited(settings) as api:
        first = asyncio.create_task(api.post(path, content=slow(), headers=headers))
        await is_sent.wait()
        while (second := await api.post(path, content=b"{}\n", headers=headers)).status_code == 202:
            assert not first.done(), "it only has not arrived yet"
        assert (second.status_code, second.headers["retry-after"]) == (429, "5")
        assert (await api.post("/api/enrichment", json=JOB, headers=key.header)).status_code == 202
        goes_on.set()
        assert (await first).status_code == 202
        assert (await api.post(path, content=b"{}\n", headers=headers)).status_code == 202


async def test_open_streams_do_not_count_as_work(settings: Settings, key: Shown) -> None:
    async with limited(settings, max_requests=2) as api:
        job = (await api.post("/api/enrichment", json=JOB, headers=key.header)).json()
        async with (
            api.stream("GET", job["links"]["events"], headers=key.header) as one,
            api.stream("GET", job["links"]["events"], headers=key.header) as two,
            api.stream("GET", job["links"]["events"], headers=key.header) as three,
        ):
            assert [stream.status_code for stream in (one, two, three)] == [200, 200, 200]
            assert (await api.get("/session", headers=key.header)).status_code == 200


# Connections


async def said(url: httpx.URL, *pieces: bytes) -> bytes:
    """What a server answers to these bytes until it closes the connection."""
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_headers_that_never_end_are_cut_off(api: httpx.AsyncClient) -> None:
    answer = await said(api.base_url, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 400_000)
    assert answer[:12] in (b"HTTP/1.1 431", b""), "or the reset was faster than the answer"


async def test_a_request_that_does_not_come_is_not_waited_for(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_WITHIN_S", 0.1)
    for begun in (b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"):
        assert (await said(api.base_url, begun)).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/api/enrichment", "application/json"),
        ("/session", "application/json"),
        ("/api/enrichment/bulk?type=skills_optimization", "application/x-ndjson"),
    ],
)
async def test_a_body_that_does_not_come_is_not_waited_for(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str, media_type: str
) -> None:
    monkeypatch.setattr(reader, "BODY_WITHIN_S", 0.1)
    monkeypatch.setattr(upload, "PIECE_WITHIN_S", 0.1)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: 20\r\n\r\n{{"
    answer = await said(api.base_url, head.encode())
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in answer


async def test_connections_beyond_the_limit_are_told_to_come_again(settings: Settings) -> None:
    async with limited(settings, max_connections=1) as api:
        async with api.stream("GET", "/healthz"):
            answer = await said(api.base_url)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in answer
        assert (await api.get("/healthz")).status_code == 200
