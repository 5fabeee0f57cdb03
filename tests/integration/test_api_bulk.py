"""A bulk that comes as lines: all of it is stored or nothing is, and each line that cannot be used is named."""

import csv
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from enrichment.db import Database
from enrichment.jobs import attempts, transitions
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus
from enrichment.settings import Settings
from tests.conftest import serving

LATER = {"runAt": "2099-01-01T00:00:00Z"}
NDJSON = {"Content-Type": "application/x-ndjson"}
BULK = "/api/enrichment/bulk"


def lines(*candidates: Any) -> bytes:
    return b"".join(json.dumps(candidate).encode() + b"\n" for candidate in candidates)


CANDIDATES = [{"candidateId": f"c-{n}", "basics": {"name": "Ada"}} for n in range(7)]


async def submit(
    api: httpx.AsyncClient, body: Any, headers: Mapping[str, str] | list[tuple[str, str]] = NDJSON, /, **query: str
) -> httpx.Response:
    return await api.post(BULK, content=body, headers=headers, params={**LATER, **query})


async def children(api: httpx.AsyncClient, answer: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get(f"{answer.json()['links']['self']}/children")).json()["jobs"]
    return found


async def test_each_line_becomes_a_job(api: httpx.AsyncClient) -> None:
    answer = await submit(api, lines(*CANDIDATES), type="skills_optimization", priority="high", batchSize="3")

    assert answer.status_code == 202
    receipt = answer.json()
    assert (receipt["queue"], receipt["intake"]["accepted"], receipt["intake"]["skipped"]) == ("enrichment-high", 7, 0)
    jobs = await children(api, answer)
    assert sorted(job["candidateId"] for job in jobs) == [f"c-{n}" for n in range(7)]
    assert {(job["type"], job["priority"], job["status"]) for job in jobs} == {("skills_optimization", 10, "pending")}


async def test_it_takes_the_options_of_a_submission(api: httpx.AsyncClient, database: Database) -> None:
    wanted = {"refresh": "true", "allowRulesFallback": "true", "skipUnchanged": "true"}
    answer = await submit(api, lines({}), NDJSON, **wanted)

    options = "SELECT options FROM enrichment_job WHERE id = :id"
    stored = (await database.execute(text(options), {"id": answer.json()["jobId"]})).scalar_one()
    assert {name: stored[name] for name in wanted} == dict.fromkeys(wanted, True)


async def test_a_real_upload_is_enriched(api: httpx.AsyncClient, worker: None) -> None:
    answer = await api.post(BULK, content=lines(*CANDIDATES), headers=NDJSON, params={"batchSize": "2"})

    async with api.stream("GET", answer.json()["links"]["events"]) as events:
        told = [line async for line in events.aiter_lines()]
    assert "event: completed" in told
    job = (await api.get(answer.json()["links"]["self"])).json()
    assert (job["result"]["total"], job["result"]["completed"]) == (7, 7)


@pytest.mark.parametrize(
    ("headers", "pack"),
    [
        (NDJSON | {"Content-Encoding": "gzip"}, lambda: gzip.compress(lines(*CANDIDATES))),
        (NDJSON | {"Content-Encoding": "gzip"}, lambda: b"".join(gzip.compress(lines(one)) for one in CANDIDATES)),
        ({"Content-Type": "application/jsonl"}, lambda: lines(*CANDIDATES).rstrip(b"\n").replace(b"\n", b"\r\n\r\n")),
        ({"Content-Type": "application/json"}, lambda: json.dumps(CANDIDATES).encode()),
    ],
    ids=["packed", "packed one by one", "blank lines, no last one", "array"],
)
async def test_the_lines_come_in_several_forms(api: httpx.AsyncClient, headers: dict[str, str], pack: Any) -> None:
    answer = await submit(api, pack(), headers)

    assert answer.json()["intake"]["accepted"] == 7


async def test_lines_may_be_cut_anywhere(api: httpx.AsyncClient) -> None:
    async def dripping() -> AsyncIterator[bytes]:
        body = lines(*CANDIDATES)
        for start in range(0, len(body), 5):
            yield body[start : start + 5]

    assert (await submit(api, dripping())).json()["intake"]["accepted"] == 7


BAD_LINES = {
    "no JSON": (b"{oops}\n", "The line is not JSON: column 2"),
    "NaN": (b'{"a": NaN}\n', "NaN and Infinity are not JSON"),
    "half a surrogate pair": (b'{"a": "\\ud800"}\n', "The body holds half of a surrogate pair, which is no text"),
    "key twice": (
        b'{"a": 1, "a": 2}\n',
        "An object in the body names a key twice: readers would differ on which one counts",
    ),
    "no object": (b"[1]\n", "is no JSON object"),
    "NUL": (b'{"a": "\\u0000"}\n', "holds a NUL character (U+0000), which cannot be stored"),
    "bad id": (
        b'{"candidateId": 5}\n',
        "must be a text of 1 to 200 letters, digits and ._:@/+- or spaces, and not of dots alone",
    ),
    "wrapped": (b'{"candidateData": {}}\n', "is not expected: a candidate is the r\u00e9sum\u00e9 itself"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_LINES.values(), ids=BAD_LINES)
async def test_a_bad_line_is_named_and_nothing_is_stored(api: httpx.AsyncClient, line: bytes, reason: str) -> None:
    before = (await api.get("/api/enrichment?action=stats")).json()["total"]
    body = lines(*CANDIDATES[:2]) + line + lines(*CANDIDATES[2:])

    refused = await submit(api, body)

    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"].startswith("/lines/3")
    assert error["reason"] == reason
    assert (await api.get("/api/enrichment?action=stats")).json()["total"] == before


@pytest.mark.parametrize(
    ("candidate", "pointer"),
    [(5, "/1"), ({"candidateId": 5}, "/1/candidateId"), ({"a": "\0"}, "/1")],
    ids=["no object", "bad id", "NUL"],
)
async def test_a_bad_candidate_of_an_array_is_named_by_its_place_there(
    api: httpx.AsyncClient, candidate: Any, pointer: str
) -> None:
    headers = {"Content-Type": "application/json"}
    for how in ({}, {"dryRun": "true"}):
        refused = await submit(api, json.dumps([{}, candidate]).encode(), headers, **how)
        assert (refused.status_code, [error["pointer"] for error in refused.json()["errors"]]) == (422, [pointer])
        assert "ine 2" not in refused.text


async def test_bad_lines_are_left_out_and_reported_when_asked(api: httpx.AsyncClient) -> None:
    body = lines(CANDIDATES[0]) + b"".join(line for line, _ in BAD_LINES.values()) + lines(CANDIDATES[1])

    answer = await submit(api, body, onInvalid="skip")

    intake = answer.json()["intake"]
    assert (intake["accepted"], intake["skipped"]) == (2, len(BAD_LINES))
    assert [line["line"] for line in intake["invalid"]] == [*range(2, 2 + len(BAD_LINES))]
    assert len(await children(api, answer)) == 2


async def test_a_repeated_candidate_is_reported(api: httpx.AsyncClient) -> None:
    answer = await submit(api, lines(CANDIDATES[0], CANDIDATES[1], CANDIDATES[0]))

    intake = answer.json()["intake"]
    assert (intake["accepted"], intake["repeated"]) == (3, 1)
    assert intake["repeats"] == [{"line": 3, "reason": "has the candidateId of an earlier line"}]


async def test_the_same_key_and_lines_are_the_same_bulk(api: httpx.AsyncClient) -> None:
    headers = NDJSON | {"Idempotency-Key": "bulk-of-monday"}
    first = await submit(api, lines(*CANDIDATES), headers)
    again = await submit(api, lines(*CANDIDATES), headers)
    other = await submit(api, lines(*CANDIDATES[1:]), headers)

    assert again.json()["jobId"] == first.json()["jobId"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert len(await children(api, first)) == 7


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (NDJSON, b"", 422),
        (NDJSON, b"\n\n", 422),
        ({"Content-Type": "text/csv"}, b"a,b", 415),
        ({"Content-Type": f"{NDJSON['Content-Type']}; charset=utf-16"}, b"{}", 415),
        ([("Content-Type", NDJSON["Content-Type"]), ("Content-Type", "text/csv")], b"{}", 415),
        (NDJSON | {"Content-Encoding": "br"}, b"x", 415),
        (NDJSON | {"Content-Encoding": "gzip"}, b"not packed", 400),
        (NDJSON | {"Content-Encoding": "gzip"}, gzip.compress(lines(*CANDIDATES))[:-9], 400),
        ({"Content-Type": "application/json"}, b"{}", 422),
        (NDJSON, b'{"a": "' + b"x" * 1_100_000 + b'"}', 413),
    ],
)
async def test_what_is_no_bulk_is_refused(
    api: httpx.AsyncClient, headers: dict[str, str] | list[tuple[str, str]], body: bytes, status: int
) -> None:
    assert (await submit(api, body, headers)).status_code == status


@pytest.mark.parametrize("query", [{"type": "bulk_candidate_enrichment"}, {"priority": "17"}, {"batchSize": "0"}])
async def test_a_bad_query_is_refused_before_the_body_is_read(api: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await submit(api, lines(*CANDIDATES), **query)).status_code == 422


async def test_the_limits_are_settings(settings: Settings) -> None:
    small = settings.model_copy(update={"max_upload_candidates": 3, "max_upload_bytes": 5_000})
    async with serving(small) as url, httpx.AsyncClient(base_url=url) as api:
        many = await submit(api, lines(*CANDIDATES))
        much = await submit(api, gzip.compress(b" " * 1_000_000), NDJSON | {"Content-Encoding": "gzip"})

    assert (many.status_code, many.json()["detail"]) == (413, "The bulk has more than 3 candidates: split it")
    assert (much.status_code, much.json()["detail"]) == (413, "The bulk has more than 5000 bytes: split it")


async def test_results_and_failures_of_a_bulk_are_streams(api: httpx.AsyncClient, database: Database) -> None:
    answer = await submit(api, lines(*CANDIDATES[:3], {"candidateId": "+33 1", "basics": {}}))
    home, jobs = answer.json()["links"]["self"], await children(api, answer)
    for job in jobs[1:]:
        await attempts.begin(database, job["jobId"], 1, 1)
        await transitions.finish(database, job["jobId"], 1, Outcome(JobStatus.COMPLETED, result={"a": "=1"}))
    failed = Outcome(JobStatus.FAILED, "provider_auth", "The key, as it stands, is refused")
    await transitions.finish(database, jobs[0]["jobId"], 1, failed)

    results = [json.loads(line) for line in (await api.get(f"{home}/results")).text.splitlines()]
    table = list(csv.reader((await api.get(f"{home}/failures")).text.splitlines()))

    assert [line["jobId"] for line in results] == sorted(job["jobId"] for job in jobs[1:])
    assert {(line["status"], line["result"]["a"]) for line in results} == {("completed", "=1")}
    assert table == [
        ["jobId", "candidateId", "status", "errorCode", "error"],
        [jobs[0]["jobId"], "'+33 1", "failed", "provider_auth", "The key, as it stands, is refused"],
    ]


async def test_only_a_bulk_has_results_of_others(api: httpx.AsyncClient) -> None:
    body = {"type": "skills_optimization", "candidateData": {}, **LATER}
    home = (await api.post("/api/enrichment", json=body)).json()["links"]["self"]

    assert (await api.get(f"{home}/results")).status_code == 409
