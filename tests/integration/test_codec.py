"""With keys, Temporal holds nothing that reads, and its Web UI shows it only to who may administer."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from pydantic import SecretStr

from enrichment import temporal
from enrichment.access.scopes import Scope
from enrichment.db import Database
from enrichment.runs import JobRun
from enrichment.settings import Settings
from tests.conftest import serving
from tests.integration.access import a_key, requiring_keys

KEYS = f"k1:{base64.b64encode(b'k' * 32).decode()}"
JOB = JobRun(job_id="019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55", run=1, tenant="canary-7f3a", priority_key=3, max_retries=3)


@pytest.fixture(scope="module")
def encrypting(settings: Settings) -> Settings:
    return requiring_keys(settings).model_copy(update={"temporal_keys": SecretStr(KEYS)})


@pytest.fixture(scope="module")
async def api_with_codec(encrypting: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(encrypting) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
async def stored(encrypting: Settings) -> Any:
    """A workflow's input as the server keeps it and its Web UI sees it. Nobody serves its queue."""
    client = await temporal.connect(encrypting)
    handle = await client.start_workflow("Nothing", JOB, id="codec-test", task_queue="nobody")
    history = await handle.fetch_history()
    await handle.terminate()
    assert b"canary-7f3a" not in b"".join(event.SerializeToString() for event in history.events)
    [payload] = history.events[0].workflow_execution_started_event_attributes.input.payloads
    return json_format.MessageToDict(payload)


async def test_an_administrator_in_the_web_ui_sees_it(
    api_with_codec: httpx.AsyncClient, encrypting: Settings, database: Database, stored: Any
) -> None:
    key = await a_key(database, Scope.ADMIN)
    origin = encrypting.temporal_ui_origin or ""
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-namespace",
    }
    allowed = await api_with_codec.options("/codec/decode", headers=preflight)
    assert allowed.headers["access-control-allow-origin"] == origin
    assert allowed.headers["access-control-allow-credentials"] == "true"

    await api_with_codec.post("/session", json={"key": key.text}, headers={"Sec-Fetch-Site": "same-origin"})
    answer = await api_with_codec.post("/codec/decode", json={"payloads": [stored]}, headers={"Origin": origin})
    assert answer.status_code == 200
    [payload] = answer.json()["payloads"]
    assert JobRun.model_validate_json(base64.b64decode(payload["data"])) == JOB
    again = await api_with_codec.post("/codec/encode", json=answer.json(), headers={"Origin": origin})
    assert b"canary" not in base64.b64decode(again.json()["payloads"][0]["data"])

    elsewhere = {"Origin": "https://evil.example"}
    assert (await api_with_codec.post("/codec/decode", json={"payloads": []}, headers=elsewhere)).status_code == 403
    api_with_codec.cookies.clear()


async def test_nobody_else_does(api_with_codec: httpx.AsyncClient, database: Database, stored: Any) -> None:
    reader = await a_key(database, Scope.READ, lifetime=timedelta(hours=1))
    body = {"payloads": [stored]}
    assert (await api_with_codec.post("/codec/decode", json=body)).status_code == 401
    assert (await api_with_codec.post("/codec/decode", json=body, headers=reader.header)).status_code == 403


@pytest.mark.parametrize(
    "payload",
    [
        {"data": "%%%"},
        {"metadata": {"encoding": base64.b64encode(b"binary/encrypted").decode()}, "data": "AAAA"},
    ],
)
async def test_what_cannot_be_read_is_a_problem(
    api_with_codec: httpx.AsyncClient, database: Database, payload: Any
) -> None:
    key = await a_key(database, Scope.ADMIN)
    answer = await api_with_codec.post("/codec/decode", json={"payloads": [payload]}, headers=key.header)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/payloads")


async def test_without_keys_there_is_nothing_to_decode(api: httpx.AsyncClient) -> None:
    assert (await api.post("/codec/decode", json={"payloads": []})).status_code == 404
