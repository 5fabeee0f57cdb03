"""The calls, one by one, as a caller sees them. Jobs that must not start are due in a far year."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from enrichment.db import Database
from enrichment.ids import is_id
from enrichment.jobs import attempts, transitions
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus
from enrichment.queues import QUEUES
from enrichment.results import CompetenceFileResult
from enrichment.settings import Settings
from tests.conftest import ROOT, serving
from tests.unit.rules import enrich

JOBS = "/api/enrichment/jobs"
LATER = "2999-01-01T00:00:00Z"
RESUME = {"basics": {"name": "Maren Oddvik", "label": "Backend developer"}, "skills": [{"name": "Python"}]}

JSON = dict[str, Any]


async def submit(api: httpx.AsyncClient, *, key: str | None = None, **fields: Any) -> JSON:
    body = {"type": "skills_optimization", "candidateData": RESUME, "runAt": LATER} | fields
    answer = await api.post("/api/enrichment", json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == 202, answer.text
    accepted: JSON = answer.json()
    return accepted


async def submit_bulk(api: httpx.AsyncClient, candidates: int, **fields: Any) -> JSON:
    several = [{"candidateId": f"bulk-{number}"} for number in range(candidates)]
    return await submit(api, type="bulk_candidate_enrichment", candidateData=None, candidates=several, **fields)


async def read(api: httpx.AsyncClient, job_id: str) -> JSON:
    answer = await api.get(f"{JOBS}/{job_id}")
    assert answer.status_code == 200
    job: JSON = answer.json()
    return job


async def end(database: Database, job_id: str, outcome: Outcome) -> None:
    """What a worker would have done."""
    await attempts.begin(database, job_id, 1, 1)
    assert await transitions.finish(database, job_id, 1, outcome)


FAILED = Outcome(JobStatus.FAILED, error_code="provider_timeout", error="The model's provider did not answer in time")


# Submitting


async def test_a_submission_is_answered_with_where_to_look(api: httpx.AsyncClient) -> None:
    body = {"type": "skills_optimization", "candidateData": RESUME, "priority": "high", "runAt": LATER}
    answer = await api.post("/api/enrichment", json=body)
    accepted = answer.json()
    assert answer.status_code == 202
    assert is_id(accepted["jobId"])
    assert (accepted["status"], accepted["queue"]) == ("pending", "enrichment-high")
    assert answer.headers["location"] == accepted["links"]["self"] == f"{JOBS}/{accepted['jobId']}"
    assert set(accepted["links"]) == {"self", "status", "events", "cancel"}
    assert (await api.get(accepted["links"]["self"])).json() == (await api.get(accepted["links"]["status"])).json()


@pytest.mark.parametrize(
    ("priority", "number", "queue", "retries"),
    [(band.band, band.lowest, band.task_queue, band.max_retries) for band in QUEUES]
    + [(band.highest, band.highest, band.task_queue, band.max_retries) for band in QUEUES]
    + [("CRITICAL", 20, "enrichment-critical", 5)],
)
async def test_a_priority_is_a_band_or_a_number(
    api: httpx.AsyncClient, priority: str | int, number: int, queue: str, retries: int
) -> None:
    job = await read(api, (await submit(api, priority=priority))["jobId"])
    assert (job["priority"], job["queue"], job["maxRetries"]) == (number, queue, retries)


@pytest.mark.parametrize("spelling", ["competence_file_generation", "COMPETENCE_FILE_GENERATION"])
async def test_a_type_is_accepted_in_either_case(api: httpx.AsyncClient, spelling: str) -> None:
    job = await read(api, (await submit(api, type=spelling))["jobId"])
    assert job["type"] == "competence_file_generation"


async def test_a_repeated_key_names_the_same_job(api: httpx.AsyncClient) -> None:
    first = await submit(api, key="order 66", priority=7)
    body = {"priority": 7, "runAt": LATER, "candidateData": RESUME, "type": "skills_optimization"}
    again = await api.post("/api/enrichment", json=body, headers={"Idempotency-Key": "order 66"})
    assert again.status_code == 202
    assert again.json() == first
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_of_another_submission_is_refused(api: httpx.AsyncClient) -> None:
    await submit(api, key="order 67")
    body = {"type": "skills_optimization", "candidateData": {}, "runAt": LATER}
    answer = await api.post("/api/enrichment", json=body, headers={"Idempotency-Key": "order 67"})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/Idempotency-Key"]


# Reading


async def test_a_job_shows_all_that_is_known_of_it(api: httpx.AsyncClient) -> None:
    job = await read(api, (await submit(api, candidateId="crm-1", maxRetries=0))["jobId"])
    assert job["progress"] | {"seq": 0} == {
        "percentage": 0,
        "stage": "pending",
        "message": "Waiting for its turn",
        "metadata": {},
        "attempt": 1,
        "seq": 0,
        "updatedAt": None,
        "degraded": False,
    }
    expected = {"candidateId": "crm-1", "run": 1, "retryCount": 0, "maxRetries": 0, "runAt": LATER, "startedAt": None}
    assert job | expected == job
    assert {"result", "error", "errorCode", "completedAt", "parentId", "retryAt", "provider", "model"} <= set(job)
    assert "tenant" not in job
    assert set(job["links"]) == {"self", "events", "history", "input", "audit", "cancel"}


async def test_links_follow_the_state(api: httpx.AsyncClient, database: Database) -> None:
    failed = (await submit(api))["jobId"]
    await end(database, failed, FAILED)
    assert set((await read(api, failed))["links"]) == {"self", "events", "history", "input", "audit", "retry"}

    completed = (await submit(api, type="competence_file_generation"))["jobId"]
    await end(database, completed, Outcome(JobStatus.COMPLETED, result={"provider": "rules"}))
    job = await read(api, completed)
    assert set(job["links"]) == {"self", "events", "history", "input", "audit", "document", "review"}
    assert (job["result"], job["progress"]["percentage"]) == ({"provider": "rules"}, 100)


@pytest.mark.parametrize(
    ("format_", "media_type", "begin"),
    [
        ("md", "text/markdown; charset=utf-8", "# Amélie Martin".encode()),
        ("html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("pdf", "application/pdf", b"%PDF-"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK"),
    ],
)
async def test_a_document_comes_in_four_formats(
    api: httpx.AsyncClient, database: Database, format_: str, media_type: str, begin: bytes
) -> None:
    job_id = (await submit(api, type="competence_file_generation"))["jobId"]
    url = f"{JOBS}/{job_id}/document?format={format_}"
    too_early = await api.get(url)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "conflict")

    example = json.loads((ROOT / "examples" / "amelie-martin.json").read_text(encoding="utf-8"))
    result = (await asyncio.to_thread(enrich, CompetenceFileResult, example, "fr")).model_dump(
        mode="json", by_alias=True
    )
    await end(database, job_id, Outcome(JobStatus.COMPLETED, result=result))
    answer = await api.get(url)
    assert answer.content.startswith(begin)
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="competence-file-{job_id}.{format_}"'
    assert (await api.get(url)).content == answer.content


async def test_a_document_that_was_stored_stays_as_it_was(api: httpx.AsyncClient, database: Database) -> None:
    job_id = (await submit(api, type="competence_file_generation"))["jobId"]
    await end(database, job_id, Outcome(JobStatus.COMPLETED, result={}))
    link = (await read(api, job_id))["links"]["document"]
    unreadable = await api.get(link)
    assert (unreadable.status_code, unreadable.json()["code"]) == (404, "not_found")
    async with database.transaction() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO enrichment_document (job_id, format, run, content) VALUES ($1, 'md', 1, $2)",
            (job_id, "# Léa".encode()),
        )
    assert (await api.get(link)).text == "# Léa"


async def test_other_jobs_have_no_document_and_other_formats_are_named(api: httpx.AsyncClient) -> None:
    job_id = (await submit(api))["jobId"]
    assert (await api.get(f"{JOBS}/{job_id}/document")).status_code == 404
    refused = (await api.get(f"{JOBS}/{job_id}/document?format=odt")).json()
    assert refused["errors"] == [{"pointer": "/format", "reason": "should be 'docx', 'pdf', 'html' or 'md'"}]


# Steering


@pytest.mark.parametrize("by", ["path", "query"])
async def test_a_job_that_has_not_started_can_be_cancelled_and_retried(api: httpx.AsyncClient, by: str) -> None:
    job_id = (await submit(api, type="skills_optimization"))["jobId"]
    calls = {
        "path": (("POST", f"{JOBS}/{job_id}/cancel"), ("POST", f"{JOBS}/{job_id}/retry")),
        "query": (
            ("DELETE", f"/api/enrichment?jobId={job_id}"),
            ("DELETE", f"/api/enrichment?jobId={job_id}&action=retry"),
        ),
    }
    cancel, retry = calls[by]

    too_early = await api.request(*retry)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "conflict")

    cancelled = await api.request(*cancel)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await api.request(*cancel)).status_code == 409

    retried = await api.request(*retry)
    assert (retried.status_code, retried.json()["run"]) == (202, 2)
    assert retried.json()["jobId"] == job_id

    history = (await api.get(f"{JOBS}/{job_id}/history")).json()["events"]
    assert [event["toStatus"] for event in history][:3] == ["pending", "cancelled", "pending"]
    await api.request(*cancel)


async def test_a_reason_for_cancelling_is_kept(api: httpx.AsyncClient) -> None:
    job_id = (await submit(api))["jobId"]
    cancelled = await api.post(f"{JOBS}/{job_id}/cancel", json={"reason": "withdrawn"})
    assert cancelled.json()["error"] == "withdrawn"
    history = (await api.get(f"{JOBS}/{job_id}/history")).json()["events"]
    assert history[-1] | {"reason": "withdrawn", "fromStatus": "pending", "toStatus": "cancelled"} == history[-1]


# Lists


async def all_pages(api: httpx.AsyncClient, url: str, **parameters: Any) -> AsyncIterator[list[str]]:
    while True:
        page = (await api.get(url, params=parameters)).json()
        yield [job["jobId"] for job in page["jobs"]]
        if page["nextCursor"] is None:
            return
        parameters["cursor"] = page["nextCursor"]


async def test_a_list_comes_in_pages_with_each_job_once_and_the_newest_first(api: httpx.AsyncClient) -> None:
    made = [(await submit(api, candidateId="paged", priority=20))["jobId"] for _ in range(5)]
    pages = [page async for page in all_pages(api, JOBS, candidateId="paged", limit=2)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [job_id for page in pages for job_id in page] == made[::-1]


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"status": "pending"}, {"low", "high-10", "high-12"}),
        ({"status": "failed"}, {"failed"}),
        ({"type": "experience_enhancement"}, {"low"}),
        ({"type": "Experience_Enhancement"}, {"low"}),
        ({"priority": "12"}, {"high-12"}),
        ({"priority": "high"}, {"high-10", "high-12"}),
        ({"priority": "LOW", "status": "failed"}, {"failed"}),
        ({"priority": "critical"}, set()),
    ],
)
async def test_a_list_is_narrowed(
    api: httpx.AsyncClient, database: Database, request: pytest.FixtureRequest, parameters: JSON, found: set[str]
) -> None:
    candidate = re.sub(r"[^a-zA-Z0-9-]", "_", request.node.name)
    jobs = {
        "low": await submit(api, candidateId=candidate, priority=1, type="experience_enhancement"),
        "high-10": await submit(api, candidateId=candidate, priority="high"),
        "high-12": await submit(api, candidateId=candidate, priority=12),
        "failed": await submit(api, candidateId=candidate, priority=2),
    }
    await end(database, jobs["failed"]["jobId"], FAILED)
    listed = (await api.get(JOBS, params={"candidateId": candidate} | parameters)).json()["jobs"]
    names = {job["jobId"]: name for name, job in jobs.items()}
    assert {names[job["jobId"]] for job in listed} == found


async def test_the_jobs_of_a_bulk_are_its_children(api: httpx.AsyncClient) -> None:
    bulk = await submit_bulk(api, 3, priority="low")
    job = await read(api, bulk["jobId"])
    pages = [page async for page in all_pages(api, job["links"]["children"], limit=2)]
    assert [len(page) for page in pages] == [2, 1]
    child = await read(api, pages[1][0])
    assert (child["candidateId"], child["links"]["parent"]) == ("bulk-0", job["links"]["self"])
    assert (await api.get(JOBS, params={"parentId": bulk["jobId"], "limit": 200})).json()["nextCursor"] is None

    await api.delete(f"/api/enrichment?jobId={bulk['jobId']}")
    assert (await read(api, child["jobId"]))["status"] == "cancelled"


# Overviews


async def test_stats_count_what_there_is(api: httpx.AsyncClient, database: Database) -> None:
    before = (await api.get("/api/enrichment?action=stats")).json()
    await end(database, (await submit(api, priority="critical"))["jobId"], FAILED)
    after = (await api.get("/api/enrichment?action=stats")).json()
    assert after["total"] == before["total"] + 1
    assert after["byQueue"]["critical"]["failed"] == before["byQueue"]["critical"]["failed"] + 1
    assert after["errors"]["provider_timeout"] == before["errors"].get("provider_timeout", 0) + 1
    assert 0 <= after["successRate"] < 1
    assert set(after["processingTime"]) == {"averageSeconds", "p50Seconds", "p95Seconds", "p99Seconds"}


async def test_health_asks_every_component(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/enrichment?action=health")
    health = answer.json()
    assert answer.status_code == 200
    assert health["status"] in ("healthy", "degraded")
    assert (health["database"], health["redis"], health["temporal"]) == ("up", "up", "up")
    assert list(health["queues"]) == [queue.band for queue in QUEUES]


async def test_the_dashboard_holds_everything_at_once(api: httpx.AsyncClient, database: Database) -> None:
    job_id = (await submit(api))["jobId"]
    await end(database, job_id, FAILED)
    shown = (await api.get("/api/queue/dashboard")).json()
    assert shown["health"]["status"] in ("healthy", "degraded")
    assert list(shown["queues"]) == [queue.band for queue in QUEUES]
    assert shown["jobs"][0]["jobId"] == job_id
    assert len(shown["jobs"]) <= 20
    assert sum(minute["failed"] for minute in shown["throughput"]) >= 1
    assert "provider_timeout" in {error["code"] for error in shown["errors"]}
    assert isinstance(shown["workers"], list)
    assert shown["stats"]["total"] >= 1


async def test_metrics_are_what_prometheus_reads(api: httpx.AsyncClient) -> None:
    await submit(api, priority="low")
    answer = await api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(lines['enrichment_jobs{queue="low",status="pending"}']) >= 1
    assert float(lines['enrichment_oldest_pending_age_seconds{queue="low"}']) >= 0
    assert lines['enrichment_up{component="database"}'] == "1.0"
    assert {'enrichment_workers{queue="low"}', 'enrichment_slots{queue="low"}', 'enrichment_running{queue="low"}'} <= {
        *lines
    }
    assert "process_resident_memory_bytes" in lines


async def test_liveness_and_readiness(api: httpx.AsyncClient) -> None:
    assert (await api.get("/healthz")).status_code == 200
    assert (await api.get("/readyz")).status_code == 200


# Around the calls


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/api/enrichment?action=stats", "/nowhere"])
async def test_every_answer_has_the_strict_headers(api: httpx.AsyncClient, path: str) -> None:
    headers = (await api.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers.get("cache-control") == ("no-store" if path.startswith("/api") else headers.get("cache-control"))


async def test_swagger_ui_is_there_where_it_is_wanted_and_runs_no_other_script(
    api: httpx.AsyncClient, settings: Settings
) -> None:
    assert (await api.get("/docs")).status_code == 404
    async with serving(settings.model_copy(update={"docs": True})) as url, httpx.AsyncClient(base_url=url) as client:
        page = await client.get("/docs")
        assert (await client.get("/page/any/icon.svg")).status_code == 200
    [policy] = page.headers.get_list("content-security-policy")
    [own] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    [program] = re.findall(r'<script src="([^"]+)"', page.text)
    assert f"script-src {program} 'sha256-{hashed}';" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_head_is_get_without_its_content(api: httpx.AsyncClient) -> None:
    job_id = (await submit(api))["jobId"]
    for path in ("/", "/healthz", f"{JOBS}/{job_id}", f"{JOBS}/{job_id}/events"):
        answer = await api.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


async def test_options_and_wrong_methods_say_what_is_allowed(api: httpx.AsyncClient) -> None:
    allowed = "DELETE, GET, HEAD, OPTIONS, POST"
    options = await api.options("/api/enrichment")
    assert (options.status_code, options.headers["allow"]) == (204, allowed)
    wrong = await api.put("/api/enrichment")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, allowed)
    of_document = await api.options("/openapi.json")
    assert (of_document.status_code, of_document.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_the_document_of_the_api_is_complete(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    known = set(document["components"]["schemas"])
    assert set(re.findall(r'"#/components/schemas/(\w+)"', (await api.get("/openapi.json")).text)) <= known
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            assert call["summary"], (method, path)
            assert call["tags"], (method, path)
            if path.startswith("/api"):
                assert "application/problem+json" in call["responses"]["422"]["content"], (method, path)


async def test_the_document_tells_what_is_answered_and_takes_its_own_defaults(api: httpx.AsyncClient) -> None:
    kinds = {"string": str, "integer": int, "boolean": bool}
    paths = (await api.get("/openapi.json")).json()["paths"]
    for call in [call for calls in paths.values() for call in calls.values()]:
        for status, answer in call["responses"].items():
            assert "content" in answer or status == "204", (call["summary"], status)
        for parameter in call.get("parameters", ()):
            schema = parameter["schema"]
            if "default" in schema and "type" in schema:
                assert isinstance(schema["default"], kinds[schema["type"]]), parameter["name"]


async def test_the_examples_of_the_document_are_accepted(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    body = document["paths"]["/api/enrichment"]["post"]["requestBody"]["content"]["application/json"]
    for example in body["examples"].values():
        answer = await api.post("/api/enrichment", json=example["value"] | {"runAt": LATER})
        assert answer.status_code == 202, answer.text
