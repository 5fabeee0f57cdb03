"""The API when something it needs is away, when its own code fails, and when it is told to stop."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.access import NEEDS, Open
from api.app import create_app
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.events import JsonFormatter
from enrichment.hosts import is_loopback
from enrichment.settings import Settings

NOBODY = "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55"
SUBMISSION = {"type": "skills_optimization", "candidateData": {}, "runAt": "2999-01-01T00:00:00Z"}
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@asynccontextmanager
async def calling(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The application without a server. An exception that it lets out fails the test."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def test_without_anything_each_call_says_so(settings: Settings, nowhere: str) -> None:
    away = settings.model_copy(
        update={
            "database_url": SecretStr(f"postgresql://{nowhere}/none"),
            "redis_url": SecretStr(f"redis://{nowhere}"),
            "temporal_address": nowhere,
        }
    )
    async with calling(create_app(away)) as api:
        for answer in (
            await api.post("/api/enrichment", json=SUBMISSION),
            await api.get("/api/enrichment?action=stats"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
            assert answer.headers["retry-after"] == "2"
            assert nowhere not in answer.text

        health = await api.get("/api/enrichment?action=health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert (await api.get("/healthz")).status_code == 200
        readiness = await api.get("/readyz")
        assert (readiness.status_code, readiness.headers["content-type"]) == (503, "application/problem+json")
        assert (readiness.json()["code"], readiness.headers["retry-after"]) == ("storage_unavailable", "2")
        assert (await api.get("/")).status_code == 200

        dashboard = await api.get("/api/queue/dashboard")
        assert dashboard.status_code == 200
        assert [dashboard.json()[part] for part in ("queues", "jobs", "throughput", "errors", "workers", "stats")] == [
            None
        ] * 6
        assert 'enrichment_up{component="database"} 0.0' in (await api.get("/metrics")).text


async def test_without_redis_and_temporal_jobs_are_accepted_read_and_cancelled(
    settings: Settings, nowhere: str
) -> None:
    away = settings.model_copy(update={"redis_url": SecretStr(f"redis://{nowhere}"), "temporal_address": nowhere})
    async with calling(create_app(away)) as api:
        accepted = await api.post("/api/enrichment", json=SUBMISSION)
        assert accepted.status_code == 202
        job = (await api.get(accepted.headers["location"])).json()
        assert job["progress"]["degraded"] is True
        cancelled = await api.post(f"{accepted.headers['location']}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert "event: cancelled" in (await api.get(f"{accepted.headers['location']}/events")).text


async def test_a_refusal_is_a_warning_that_names_its_route_also_by_the_short_way(
    settings: Settings, nowhere: str, caplog: pytest.LogCaptureFixture
) -> None:
    away = settings.model_copy(update={"database_url": SecretStr(f"postgresql://{nowhere}/none")})
    async with calling(create_app(away)) as api:
        await api.post("/api/enrichment", json=SUBMISSION)
        await api.get(f"/api/enrichment?jobId={NOBODY}")
        await api.get(f"/api/enrichment/jobs/{NOBODY}")
        await api.get(f"/api/enrichment/jobs/{NOBODY}/history")

    told = [record for record in caplog.records if vars(record).get("event") == "request_failed"]
    home = "/api/enrichment"
    assert [vars(record)["fields"]["path"] for record in told] == [
        home, home, f"{home}/jobs/{{jobId}}", f"{home}/jobs/{{jobId}}/history"
    ]  # fmt: skip
    assert {record.levelname for record in told} == {"WARNING"}


async def test_a_fault_of_ours_is_answered_and_says_nothing_of_the_candidate(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    monkeypatch.setitem(NEEDS, "GET /fault/{name}", Open.NOBODY_ASKED)

    @app.get("/fault/{name}")
    async def fault(name: str) -> None:
        raise RuntimeError(f"{name} broke it")

    async with calling(app) as api:
        answer = await api.get("/fault/Canary")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "internal"
        assert "x-content-type-options" in answer.headers
        assert "Canary" not in answer.text
    (line,) = [record for record in caplog.records if getattr(record, "event", "") == "request_failed"]
    assert vars(line)["fields"] == {"error": "RuntimeError", "method": "GET", "path": "/fault/{name}"}
    assert line.levelname == "ERROR"
    told = json.loads(JsonFormatter().format(line))
    assert "Canary" not in str(told)
    assert told["where"].startswith("tests/integration/test_api_faults.py:")


async def test_the_feed_opens_one_connection_for_many_followers(settings: Settings) -> None:
    async with calling(create_app(settings)) as api:
        jobs = [(await api.post("/api/enrichment", json=SUBMISSION)).headers["location"] for _ in range(5)]
        following = [asyncio.create_task(api.get(f"{job}/events")) for job in jobs * 4]
        for job in jobs:
            assert (await api.post(f"{job}/cancel")).status_code == 200
        for answer in await asyncio.gather(*following):
            assert answer.text.count("event: cancelled") == 1


# The process


@asynccontextmanager
async def process(**environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api"),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def output(started: asyncio.subprocess.Process) -> str:
    assert started.stdout is not None
    return (await started.stdout.read()).decode()


async def serving(started: asyncio.subprocess.Process) -> None:
    """Waits until it says so."""
    assert started.stdout is not None
    while line := await started.stdout.readline():
        if b"api_ready" in line:
            return
    raise AssertionError("the API ended before it served")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "", "localhost.example.org"])  # noqa: S104
def test_any_other_address_is_not(host: str) -> None:
    assert not is_loopback(host)


async def test_it_refuses_to_listen_beyond_this_machine() -> None:
    async with process(ENRICHMENT_API_HOST="0.0.0.0") as started:  # noqa: S104 that is the point
        assert "without keys the API listens only" in await output(started)
        assert await started.wait() == 2


async def test_it_names_each_setting_that_is_wrong() -> None:
    async with process(ENRICHMENT_API_PORT="x", ENRICHMENT_RETENTION_DAYS="0") as started:
        text = await output(started)
        assert "ENRICHMENT_API_PORT" in text
        assert "ENRICHMENT_RETENTION_DAYS" in text
        assert await started.wait() == 2


async def test_it_stops_soon_though_someone_follows_a_job(infrastructure: Infrastructure, settings: Settings) -> None:
    assert settings  # the schema is there
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with (
        process(**infrastructure.environment, ENRICHMENT_API_PORT=str(port)) as started,
        httpx.AsyncClient(base_url=url, timeout=10) as api,
    ):
        await serving(started)
        job = (await api.post("/api/enrichment", json=SUBMISSION)).headers["location"]
        async with asyncio.timeout(30), api.stream("GET", f"{job}/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "retry: 1000"
            started.send_signal(signal.SIGTERM)
            assert not [line async for line in lines if line.startswith("event: c")]
            await started.wait()
