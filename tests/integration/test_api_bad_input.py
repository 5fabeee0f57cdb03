"""Bad requests, as they come: each has its 4xx, none is a 500, none is quoted back, none leaves anything behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from enrichment.errors import BY_CODE
from enrichment.settings import Settings

POST = ("POST", "/api/enrichment")
JOBS = "/api/enrichment/jobs"
UNKNOWN = "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55"
CANARY = "Canary"

Call = tuple[str, str, dict[str, Any]]


def submit(**fields: Any) -> Call:
    return (*POST, {"json": {"type": "skills_optimization", "candidateData": {}} | fields})


def raw(body: bytes | str, content_type: str | None = "application/json") -> Call:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return (*POST, {"content": body, "headers": headers})


def raw_with(*headers: tuple[bytes, bytes]) -> Call:
    """A body that is good by itself, under these headers."""
    return (*POST, {"content": '{"type": "skills_optimization", "candidateData": {}}', "headers": [*headers]})


def within(value: str) -> Call:
    """`value`, as it is written, inside an otherwise good submission."""
    return raw(f'{{"type": "skills_optimization", "candidateData": {{"x": {value}}}}}')


def get(path: str) -> Call:
    return "GET", path, {}


def keyed(key: bytes) -> Call:
    method, path, content = submit()
    return method, path, content | {"headers": {b"Idempotency-Key": key}}


BAD_REQUESTS: dict[str, tuple[int, Call]] = {
    # The body as bytes
    "no body": (415, (*POST, {})),
    "no content type": (415, raw("{}", None)),
    "plain text": (415, raw("{}", "text/plain")),
    "a form": (415, (*POST, {"data": {"type": "skills_optimization"}})),
    "a file": (415, (*POST, {"files": {"cv": b"{}"}})),
    "two content types": (415, raw_with((b"Content-Type", b"application/json"), (b"Content-Type", b"text/plain"))),
    "another charset": (415, raw_with((b"Content-Type", b"application/json; charset=utf-16"))),
    "packed": (415, raw_with((b"Content-Type", b"application/json"), (b"Content-Encoding", b"gzip"))),
    "empty": (400, raw("")),
    "not JSON": (400, raw(CANARY)),
    "cut short": (400, raw('{"type": "skills_optimization"')),
    "not UTF-8": (400, raw(b'{"type": "\xff"}')),
    "UTF-16": (400, raw('{"type": "skills_optimization", "candidateData": {}}'.encode("utf-16"))),
    "byte order mark": (400, raw(b'\xef\xbb\xbf{"type": "skills_optimization", "candidateData": {}}')),
    "key twice": (400, raw('{"type": "skills_optimization", "type": "skills_optimization", "candidateData": {}}')),
    "10 MB": (413, raw(b'{"x": "' + b"x" * 10_000_000 + b'"}')),
    # What the body says, anywhere in it
    "NUL in a value": (422, within(rf'"{CANARY}\u0000"')),
    "NUL in a key": (422, within(rf'{{"{CANARY}\u0000": 1}}')),
    "half a surrogate pair": (400, within(rf'"{CANARY}\ud800"')),
    "half a surrogate pair as key": (400, within(r'{"\udc00": 1}')),
    "NaN": (400, within("NaN")),
    "Infinity": (400, within("-Infinity")),
    "1e999": (400, within("1e999")),
    "1E131072": (400, within("1E131072")),
    "int64 and one": (422, within("9223372036854775808")),
    "20,000 digits": (422, within("1" * 20_000)),
    "33 levels": (422, within("[" * 31 + "]" * 31)),
    "900 levels": (422, within("[" * 900 + "]" * 900)),
    "100,000 levels": (422, within('{"a":' * 100_000 + "1" + "}" * 100_000)),
    # The fields of a submission
    "an array": (422, raw("[]")),
    "a number": (422, raw("7")),
    "null": (422, raw("null")),
    "no type": (422, (*POST, {"json": {"candidateData": {}}})),
    "unknown type": (422, submit(type=CANARY)),
    "type of a wrong type": (422, submit(type=["skills_optimization"])),
    "no candidate": (422, submit(candidateData=None)),
    "candidate is a text": (422, submit(candidateData=CANARY)),
    "candidates beside candidateData": (422, submit(candidates=[{}])),
    "bulk without candidates": (422, submit(type="bulk_candidate_enrichment", candidateData=None)),
    "bulk of none": (422, submit(type="bulk_candidate_enrichment", candidateData=None, candidates=[])),
    "bulk of texts": (422, submit(type="bulk_candidate_enrichment", candidateData=None, candidates=[CANARY])),
    "bulk of 1,001": (422, submit(type="bulk_candidate_enrichment", candidateData=None, candidates=[{}] * 1_001)),
    "bulk of bulks": (
        422,
        submit(
            type="bulk_candidate_enrichment",
            candidateData=None,
            candidates=[{}],
            options={"type": "bulk_candidate_enrichment"},
        ),
    ),
    "priority 0": (422, submit(priority=0)),
    "priority 17": (422, submit(priority=17)),
    "priority 10^30": (422, submit(priority=10**30)),
    "priority as text": (422, submit(priority="12")),
    "priority true": (422, submit(priority=True)),
    "priority unknown": (422, submit(priority=CANARY)),
    "maxRetries as text": (422, submit(maxRetries="12")),
    "maxRetries true": (422, submit(maxRetries=True)),
    "maxRetries negative": (422, submit(maxRetries=-1)),
    "maxRetries int64": (422, submit(maxRetries=2**63 - 1)),
    "runAt without offset": (422, submit(runAt="2026-11-23T09:00:00")),
    "runAt a number": (422, submit(runAt=1_800_000_000)),
    "runAt a number as text": (422, submit(runAt="1800000000")),
    "runAt no day": (422, submit(runAt="2026-02-30T09:00:00Z")),
    "runAt before the calendar": (422, submit(runAt="0001-01-01T00:00:00+12:00")),
    "runAt after the calendar": (422, submit(runAt="9999-12-31T23:59:59-12:00")),
    "candidateId too long": (422, submit(candidateId="x" * 201)),
    "candidateId with markup": (422, submit(candidateId=f"<{CANARY}>")),
    "candidateId of dots": (422, submit(candidateId="..")),
    "candidateId inside of dots": (422, submit(candidateData={"candidateId": "."})),
    "candidateId inside with another kind of digit": (422, submit(candidateData={"candidateId": "m²"})),
    "candidateId differs": (422, submit(candidateId="a", candidateData={"candidateId": "b"})),
    "candidateId inside is no text": (422, submit(candidateData={"candidateId": {"a": CANARY}})),
    "unknown field": (422, submit(colour=CANARY)),
    "unknown field in snake case": (422, submit(candidate_id="a")),
    "unknown option": (422, submit(options={"colour": CANARY})),
    "batchSize 0": (422, submit(options={"batchSize": 0})),
    "maxFailureRate as text": (422, submit(options={"maxFailureRate": "0.2"})),
    "maxFailureRate false": (422, submit(options={"maxFailureRate": False})),
    "asOf a number": (422, submit(options={"asOf": 20_000})),
    "asOf without hyphens": (422, submit(options={"asOf": "20261123"})),
    "asOf a week": (422, submit(options={"asOf": "2026-W48"})),
    "unknown error to rehearse": (422, submit(options={"rehearse": {"failCode": CANARY}})),
    # Headers
    "empty idempotency key": (422, keyed(b"")),
    "idempotency key of 201": (422, keyed(b"k" * 201)),
    "idempotency key not ASCII": (422, keyed("clé".encode())),
    "two idempotency keys": (
        422,
        (*POST, {"json": {}, "headers": [(b"Idempotency-Key", b"a"), (b"Idempotency-Key", b"b")]}),
    ),
    "70 KB header": (431, ("GET", "/healthz", {"headers": {"X-Long": "x" * 70_000}})),
    # Query
    "unknown parameter of a submission": (422, ("POST", "/api/enrichment?action=stop", {"json": {}})),
    "neither jobId nor action": (422, get("/api/enrichment")),
    "both jobId and action": (422, get(f"/api/enrichment?jobId={UNKNOWN}&action=stats")),
    "unknown action": (422, get(f"/api/enrichment?action={CANARY}")),
    "unknown parameter": (422, get(f"/api/enrichment?action=stats&verbose={CANARY}")),
    "parameter twice": (422, get("/api/enrichment?action=stats&action=health")),
    "jobId is no id": (422, get(f"/api/enrichment?jobId={CANARY}")),
    "jobId empty": (422, get("/api/enrichment?jobId=")),
    "jobId as URN": (422, get(f"/api/enrichment?jobId=urn:uuid:{UNKNOWN}")),
    "jobId in braces": (422, get(f"/api/enrichment?jobId=%7B{UNKNOWN}%7D")),
    "jobId in capitals": (422, get(f"/api/enrichment?jobId={UNKNOWN.upper()}")),
    "jobId of version 4": (422, get("/api/enrichment?jobId=9b2c1c2e-5d1e-4c3a-9f60-2b7d8e4c1a55")),
    "jobId with NUL": (422, get(f"/api/enrichment?jobId={UNKNOWN}%00")),
    "jobId not UTF-8": (422, get(f"/api/enrichment?jobId={UNKNOWN}%ff")),
    "jobId with a line break": (422, get(f"/api/enrichment?jobId={UNKNOWN}%0A")),
    "jobId unknown": (404, get(f"/api/enrichment?jobId={UNKNOWN}")),
    "cancel of nothing": (422, ("DELETE", "/api/enrichment", {})),
    "cancel of unknown": (404, ("DELETE", f"/api/enrichment?jobId={UNKNOWN}", {})),
    "retry of unknown": (404, ("DELETE", f"/api/enrichment?jobId={UNKNOWN}&action=retry", {})),
    "limit 0": (422, get(f"{JOBS}?limit=0")),
    "limit negative": (422, get(f"{JOBS}?limit=-1")),
    "limit 201": (422, get(f"{JOBS}?limit=201")),
    "limit over int64": (422, get(f"{JOBS}?limit=9223372036854775808")),
    "limit of 5,000 digits": (422, get(f"{JOBS}?limit={'1' * 5_000}")),
    "limit a text": (422, get(f"{JOBS}?limit={CANARY}")),
    "limit 1.5": (422, get(f"{JOBS}?limit=1.5")),
    "limit 5.0": (422, get(f"{JOBS}?limit=5.0")),
    "limit with an underscore": (422, get(f"{JOBS}?limit=1_0")),
    "limit with a sign": (422, get(f"{JOBS}?limit=%2B5")),
    "limit between spaces": (422, get(f"{JOBS}?limit=%205%20")),
    "maxRetries of a bulk with an underscore": (
        422,
        (
            "POST",
            "/api/enrichment/bulk?maxRetries=1_0",
            {"content": "{}", "headers": {"Content-Type": "application/jsonl"}},
        ),
    ),
    "cursor made up": (422, get(f"{JOBS}?cursor={CANARY}")),
    "cursor with SQL": (422, get(f"{JOBS}?cursor=%27%20OR%201=1")),
    "status unknown": (422, get(f"{JOBS}?status={CANARY}")),
    "status with NUL": (422, get(f"{JOBS}?status=pending%00")),
    "type unknown": (422, get(f"{JOBS}?type={CANARY}")),
    "priority of no band": (422, get(f"{JOBS}?priority=17")),
    "priority with an underscore": (422, get(f"{JOBS}?priority=1_0")),
    "priority in another script": (422, get(f"{JOBS}?priority=%D9%A7")),
    "priority between spaces": (422, get(f"{JOBS}?priority=%207%20")),
    "priority a text": (422, get(f"{JOBS}?priority={CANARY}")),
    "priority of 5,000 digits": (422, get(f"{JOBS}?priority={'1' * 5_000}")),
    "candidateId with wildcards": (422, get(f"{JOBS}?candidateId=%25%25%25")),
    "candidateId with NUL": (422, get(f"{JOBS}?candidateId=a%00")),
    "parentId is no id": (422, get(f"{JOBS}?parentId=1")),
    "filter in snake case": (422, get(f"{JOBS}?candidate_id=a")),
    "a 9 KB address": (414, get(f"{JOBS}?candidateId={'a' * 9_000}")),
    # Path
    "id is no id": (422, get(f"{JOBS}/{CANARY}")),
    "id with NUL": (422, get(f"{JOBS}/{UNKNOWN}%00")),
    "id not UTF-8": (422, get(f"{JOBS}/%ff")),
    "id of dots": (422, get(f"{JOBS}/%2e%2e")),
    "id with a slash": (404, get(f"{JOBS}/..%2f..%2fetc")),
    "id unknown": (404, get(f"{JOBS}/{UNKNOWN}")),
    "history of unknown": (404, get(f"{JOBS}/{UNKNOWN}/history")),
    "events of unknown": (404, get(f"{JOBS}/{UNKNOWN}/events")),
    "children of unknown": (404, get(f"{JOBS}/{UNKNOWN}/children")),
    "document of unknown": (404, get(f"{JOBS}/{UNKNOWN}/document")),
    "document in another format": (422, get(f"{JOBS}/{UNKNOWN}/document?format=odt")),
    "cancel by path of unknown": (404, ("POST", f"{JOBS}/{UNKNOWN}/cancel", {})),
    "retry by path of unknown": (404, ("POST", f"{JOBS}/{UNKNOWN}/retry", {})),
    "retry with a body": (422, ("POST", f"{JOBS}/{UNKNOWN}/retry", {"json": {"maxRetries": 9}})),
    "retry with an array": (422, ("POST", f"{JOBS}/{UNKNOWN}/retry", {"json": []})),
    "retry with an empty body": (404, ("POST", f"{JOBS}/{UNKNOWN}/retry", {"json": {}})),
    "continue with a body": (422, ("POST", f"{JOBS}/{UNKNOWN}/continue", {"json": {"approve": True}})),
    "continue with an empty body": (404, ("POST", f"{JOBS}/{UNKNOWN}/continue", {"json": {}})),
    "action on nobody": (422, ("POST", f"{JOBS}/actions", {"json": {"action": "retry", "ids": []}})),
    "cancel with a long reason": (422, ("POST", f"{JOBS}/{UNKNOWN}/cancel", {"json": {"reason": "x" * 201}})),
    "cancel with a number": (422, ("POST", f"{JOBS}/{UNKNOWN}/cancel", {"json": {"reason": 5}})),
    "cancel with a form": (415, ("POST", f"{JOBS}/{UNKNOWN}/cancel", {"data": {"reason": "x"}})),
    "Last-Event-ID a text": (422, ("GET", f"{JOBS}/{UNKNOWN}/events", {"headers": {"Last-Event-ID": CANARY}})),
    "Last-Event-ID with an underscore": (
        422,
        ("GET", f"{JOBS}/{UNKNOWN}/events", {"headers": {"Last-Event-ID": "1_0"}}),
    ),
    "Last-Event-ID negative": (422, ("GET", f"{JOBS}/{UNKNOWN}/events", {"headers": {"Last-Event-ID": "-1"}})),
    "Last-Event-ID over int64": (422, ("GET", f"{JOBS}/{UNKNOWN}/events", {"headers": {"Last-Event-ID": "9" * 30}})),
    "candidate with a line break": (422, get("/api/candidates/a%0Ab/export")),
    "candidate with NUL": (422, ("DELETE", "/api/candidates/a%00", {})),
    "candidate not UTF-8": (422, ("DELETE", "/api/candidates/%ff", {})),
    "no candidate at all": (422, ("DELETE", "/api/candidates/", {})),
    # Addresses and methods
    "unknown address": (404, get(f"/api/{CANARY}")),
    "address with a slash at its end": (404, get("/api/enrichment/")),
    "wrong method": (405, ("PUT", "/api/enrichment", {"json": {}})),
    "made-up method": (405, ("PATCH", f"{JOBS}/{UNKNOWN}", {})),
}


@pytest.mark.parametrize(("status", "call"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
async def test_a_bad_request_has_its_answer(api: httpx.AsyncClient, status: int, call: Call) -> None:
    method, path, content = call
    total = (await api.get("/api/enrichment?action=stats")).json()["total"]

    answer = await api.request(method, path, **content)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] in BY_CODE
    assert CANARY not in answer.text
    assert (await api.get("/api/enrichment?action=stats")).json()["total"] == total


async def test_a_body_that_grows_beyond_the_limit_is_refused(api: httpx.AsyncClient, settings: Settings) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(2 + settings.max_body_bytes // 10_000):
            yield b" " * 10_000

    answer = await api.post("/api/enrichment", content=endless(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


async def test_a_refusal_lists_each_field(api: httpx.AsyncClient) -> None:
    body = {"type": "skills_optimization", "candidateData": {}, "priority": 17, "options": {"batchSize": 0}}
    problem = (await api.post("/api/enrichment", json=body)).json()
    assert {error["pointer"] for error in problem["errors"]} == {"/priority", "/options/batchSize"}
    assert "critical (20), high (10-15), normal (5-9), low (1-4)" in json.dumps(problem["errors"])


async def test_missing_parameters_are_named(api: httpx.AsyncClient) -> None:
    problem = (await api.get("/api/enrichment")).json()
    assert {error["pointer"] for error in problem["errors"]} == {"/jobId", "/action"}
    unknown = (await api.get("/api/enrichment?action=stats&verbose=1")).json()
    assert unknown["errors"] == [{"pointer": "/verbose", "reason": "is not expected here"}]


async def test_what_nobody_reads_is_named(api: httpx.AsyncClient) -> None:
    problem = (await api.post(f"{JOBS}/{UNKNOWN}/retry", json={"maxRetries": 9})).json()
    assert problem["errors"] == [{"pointer": "/maxRetries", "reason": "is not expected here"}]


async def test_an_empty_list_is_told_in_the_words_of_json(api: httpx.AsyncClient) -> None:
    problem = (await api.post(f"{JOBS}/actions", json={"action": "retry", "ids": []})).json()
    assert problem["errors"] == [{"pointer": "/ids", "reason": "should have at least 1 item, not 0"}]


async def test_null_narrows_a_bulk_action_as_little_as_what_is_left_out(api: httpx.AsyncClient) -> None:
    names = ("status", "type", "priority", "candidateId", "parentId", "errorCode", "id")
    for narrowing in ({}, *({name: None} for name in names)):
        body = {"action": "cancel", "filter": narrowing, "dryRun": True}
        assert (await api.post(f"{JOBS}/actions", json=body)).status_code == 200, narrowing


@pytest.mark.parametrize("call", [within(r'"\u0000"'), raw(b"\xff"), get(f"{JOBS}/%00")])
async def test_a_connection_outlives_a_refusal(api: httpx.AsyncClient, call: Call) -> None:
    """On one connection, without the pool that would hide that it was closed."""
    method, path, content = call
    bad = api.build_request(method, path, **content)
    head = "".join(f"{name}: {value}\r\n" for name, value in bad.headers.items())
    request = f"{method} {bad.url.raw_path.decode()} HTTP/1.1\r\n{head}\r\n".encode() + bad.content
    reader, writer = await asyncio.open_connection(api.base_url.host, api.base_url.port)
    try:
        writer.write(request + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 4" in await reader.readline()
        async with asyncio.timeout(30):
            await reader.readuntil(b"HTTP/1.1 200 OK")
    finally:
        writer.close()
