"""Requests that nobody thought of: no answer is a 500, each status is one that the document knows, each 202 can be
read afterwards, and what is refused changes no row.

`ENRICHMENT_FUZZ_CASES` says how many requests each test makes. Few by default, and always the same; many find more.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from sqlalchemy import text

from api.app import create_app
from enrichment.db import Database
from enrichment.settings import Settings
from tests.conftest import serving
from tests.integration.access import Shown, a_key, requiring_keys

CASES = int(os.environ.get("ENRICHMENT_FUZZ_CASES", "300"))
IS_LONG = "ENRICHMENT_FUZZ_CASES" in os.environ
TENANT = "fuzz"
LATER = "2999-01-01T00:00:00Z"
CANARY = "Zoë Quetzalcoatlus"
SENTINEL = {"type": "bulk_candidate_enrichment", "candidates": [{}, {}], "runAt": LATER}

pytestmark = pytest.mark.timeout(7200 if IS_LONG else 120)


@dataclass(frozen=True, slots=True)
class Target:
    """An API to try things on. `job_id` is a job that waits and that good requests may steer."""

    url: str
    key: Shown
    job_id: str
    rows: Callable[[], dict[str, str]]
    """Every job of the tenant with the version of its row; to be called from another thread."""

    def accepted(self, response: httpx.Response) -> None:
        """What was accepted is there."""
        job = httpx.get(f"{self.url}{response.headers['location']}", headers=self.key.header)
        assert job.status_code == 200
        named = "actionId" if "actionId" in response.json() else "jobId"
        assert job.json()[named] == response.json()[named]


@pytest.fixture
async def target(settings: Settings, database: Database) -> AsyncIterator[Target]:
    key, loop = await a_key(database, tenant=TENANT), asyncio.get_running_loop()
    versions = text("""
        SELECT id, CASE WHEN run_at > now() THEN xmin || ' ' || status ELSE 'a worker has it' END AS version
        FROM enrichment_job WHERE tenant = :tenant
    """)

    async def rows() -> dict[str, str]:
        return {row.id: row.version for row in await database.execute(versions, {"tenant": TENANT})}

    async with serving(requiring_keys(settings)) as url, httpx.AsyncClient(base_url=url) as client:
        job = (await client.post("/api/enrichment", json=SENTINEL, headers=key.header)).json()
        yield Target(url, key, job["jobId"], lambda: asyncio.run_coroutine_threadsafe(rows(), loop).result(30))
    await database.execute(text("DELETE FROM enrichment_job WHERE tenant = :tenant"), {"tenant": TENANT})


def many(cases: int) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=max(1, cases),
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate, *((hypothesis.Phase.shrink,) if IS_LONG else ())),
        suppress_health_check=list(hypothesis.HealthCheck),
    )


# From the document


SCHEMA = schemathesis.openapi.from_dict(create_app(Settings(_env_file=None)).openapi())
OPERATIONS = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in SCHEMA.get_all_operations()
    if isinstance(found, Ok)
}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
async def test_what_the_document_allows_and_what_it_forbids(target: Target, mode: GenerationMode) -> None:
    made = sum([await asyncio.to_thread(try_operation, target, name, mode) for name in OPERATIONS])
    assert made >= len(OPERATIONS) // 2


def try_operation(target: Target, name: str, mode: GenerationMode) -> int:
    """Tries one operation in all its forms; returns how many requests it took."""
    operation, made = OPERATIONS[name], 0

    @many(CASES // (2 * len(OPERATIONS)))
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    def attempt(case: schemathesis.Case[Any], is_known: bool) -> None:
        nonlocal made
        for parameters in (case.path_parameters, case.query):
            if is_known and parameters and "jobId" in parameters and name.split()[0] == "GET":
                parameters["jobId"] = target.job_id
        if case.path.endswith("/events") and case.path_parameters.get("jobId", target.job_id) == target.job_id:
            return  # it would follow what never ends
        with suppress(requests.exceptions.InvalidHeader, UnicodeEncodeError):  # what the client itself refuses to send
            response = case.call(base_url=target.url, session=session, headers=target.key.header, timeout=20)
            made += 1
            case.validate_response(
                response, checks=[not_a_server_error, status_code_conformance, content_type_conformance]
            )
            if response.status_code == 202 and "location" in {header.lower() for header in response.headers}:
                target.accepted(
                    httpx.Response(202, headers={"location": response.headers["location"][0]}, content=response.content)
                )

    with requests.Session() as session, suppress(hypothesis.errors.Unsatisfiable):  # nothing is bad for such a call
        attempt()
    return made


# From the notes: text with half surrogates and NUL, JSON in any shape, addresses of any bytes


TEXTS = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [CANARY, f"{CANARY}\0", f"{CANARY}\ud800", ""]
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 10**400, 1e308, -0.0])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=25,
)
SINGLE = (
    "competence_file_generation",
    "candidate_profile_enhancement",
    "skills_optimization",
    "experience_enhancement",
)
NAMES = st.sampled_from(["basics", "work", "skills", "education", "languages", "candidateId", "locale", "meta"])
PEOPLE = st.dictionaries(NAMES | TEXTS, JSON, max_size=5)
RUN_AT = st.sampled_from([LATER] * 6) | JSON.filter(lambda value: value is not None) | st.datetimes().map(str)
SUBMISSIONS = st.fixed_dictionaries(
    {"type": st.sampled_from((*SINGLE, "bulk_candidate_enrichment")) | JSON, "runAt": RUN_AT},
    optional={
        "candidateData": PEOPLE | JSON,
        "candidates": st.lists(PEOPLE, max_size=4) | JSON,
        "candidateId": TEXTS | JSON,
        "priority": st.integers(-1, 25) | st.sampled_from(["critical", "LOW"]) | JSON,
        "maxRetries": st.integers(-1, 25) | JSON,
        "options": st.dictionaries(st.sampled_from(["asOf", "locale", "type", "batchSize", "rehearse"]), JSON) | JSON,
        CANARY: JSON,
    },
)


def encoded(value: Any) -> bytes:
    """As JSON that says it all, also what JSON should not say: escapes of half surrogates, NaN, endless numbers."""
    return json.dumps(value).encode()


BODIES = (
    SUBMISSIONS.map(encoded)
    | JSON.map(encoded)
    | PEOPLE.map(lambda person: encoded({"type": SINGLE[0], "candidateData": person, "runAt": LATER}))
    | st.binary(max_size=200)
    | st.integers(1, 200).map(lambda depth: b'{"type":"skills_optimization","candidateData":' + b'{"a":' * depth)
)
RAW = st.binary(max_size=30).map(quote_from_bytes) | TEXTS.map(
    lambda some: quote_from_bytes(some.encode("utf-8", "surrogatepass"))
)
QUERIES = st.lists(
    st.tuples(
        st.sampled_from(["jobId", "action", "limit", "cursor", "status", "type", "priority", "candidateId", "parentId"])
        | RAW,
        RAW | st.sampled_from(["cancel", "retry", "stats", "50", "-1", "9" * 30, "pending", "critical"]),
    ),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
PATHS = (
    st.sampled_from(["/api/enrichment", "/api/enrichment/bulk", "/api/enrichment/jobs", "/api/queue/dashboard", "/"])
    | st.tuples(
        st.just("/api/enrichment/jobs/"),
        RAW | st.just("{job}"),
        st.sampled_from(["", "/cancel", "/retry", "/children", "/history", "/document", "/results", "/failures"]),
    ).map("".join)
    | RAW.map(lambda some: f"/{some}")
)
MEDIA_TYPES = st.sampled_from(["application/json"] * 6 + ["application/x-ndjson", "text/plain", ""])
HEADERS = st.dictionaries(
    st.sampled_from(["Idempotency-Key", "Last-Event-ID", "Content-Encoding", "Accept", "X-Anything"]),
    st.binary(max_size=30).filter(lambda value: not set(value) & set(b"\0\r\n")),
    max_size=2,
)


async def test_any_body_is_read_or_refused(target: Target) -> None:
    def attempt(body: bytes, media_type: str) -> tuple[str, str, dict[str, Any]]:
        path = "/api/enrichment/bulk" if media_type == "application/x-ndjson" else "/api/enrichment"
        return "POST", path, {"content": body, "headers": {"Content-Type": media_type}}

    await asyncio.to_thread(try_all, target, st.builds(attempt, BODIES, MEDIA_TYPES), CASES // 2)


async def test_any_address_is_known_or_refused(target: Target) -> None:
    def attempt(method: str, path: str, query: str, headers: dict[str, bytes], body: bytes) -> Any:
        path = path.replace("{job}", target.job_id)
        content = {"content": body} if method == "POST" else {}
        return method, f"{path}?{query}" if query else path, {"headers": headers, **content}

    methods = st.sampled_from(["GET", "GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS", "FETCH"])
    calls = st.builds(attempt, methods, PATHS, QUERIES, HEADERS, st.just(b"") | JSON.map(encoded))
    await asyncio.to_thread(try_all, target, calls, CASES // 2)


def try_all(target: Target, calls: st.SearchStrategy[tuple[str, str, dict[str, Any]]], cases: int) -> None:
    """Makes each call, and holds its answer and the rows against what is promised."""
    held = target.rows()

    @many(cases)
    @hypothesis.given(calls)
    def attempt(call: tuple[str, str, dict[str, Any]]) -> None:
        nonlocal held
        method, address, content = call
        headers = {name.encode(): value for name, value in (content.pop("headers", {}) | target.key.header).items()}
        try:
            answer = client.request(
                method, httpx.URL(target.url).copy_with(raw_path=address.encode()), headers=headers, **content
            )
        except (httpx.InvalidURL, UnicodeEncodeError, httpx.LocalProtocolError):
            return  # what the client itself refuses to send
        assert answer.status_code < 500, (call, answer.text)
        if answer.status_code >= 400:
            assert CANARY not in answer.text
            if answer.headers["content-type"] != "text/plain; charset=utf-8":  # the server's, for what is no HTTP
                assert answer.headers["content-type"] == "application/problem+json"
            assert target.rows() == held, call
        elif answer.status_code == 202:
            target.accepted(answer)
        if method in ("POST", "DELETE") and answer.is_success:
            held = target.rows()
        elif answer.is_success:
            assert target.rows() == held, call

    with httpx.Client(timeout=20) as client:
        attempt()
