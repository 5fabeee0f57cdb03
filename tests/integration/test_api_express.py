"""The short way answers each request as the routes do, whatever is in it."""

import re
from typing import Any

import httpx
import pytest

from api.express import Express
from enrichment.settings import Settings
from tests.conftest import serving

VARYING = ("date", "content-length")
NOBODY = "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55"
JOB = {
    "type": "skills_optimization",
    "candidateData": {"basics": {"name": "Ada Example"}},
    "runAt": "2999-01-01T00:00:00Z",
}

READS = {
    "one that is not there": {"url": f"/api/enrichment?jobId={NOBODY}"},
    "one that is not there, by path": {"url": f"/api/enrichment/jobs/{NOBODY}"},
    "no id": {"url": "/api/enrichment?jobId=42"},
    "no id, by path": {"url": "/api/enrichment/jobs/42"},
    "an id in capitals": {"url": f"/api/enrichment?jobId={NOBODY.upper()}"},
    "a parameter more": {"url": f"/api/enrichment?jobId={NOBODY}&page=2"},
    "an id twice": {"url": f"/api/enrichment?jobId={NOBODY}&jobId={NOBODY}"},
    "under another name": {"url": f"/api/enrichment?jobId={NOBODY}", "headers": {"Host": "evil.example"}},
    "with a key where there are none": {"url": f"/api/enrichment?jobId={NOBODY}", "headers": {"X-API-Key": "k"}},
}  # fmt: skip
SUBMISSIONS = {
    "a job": {"json": JOB},
    "a job with a key": {"json": JOB, "headers": {"Idempotency-Key": "express"}},
    "another job with that key": {"json": JOB | {"priority": "low"}, "headers": {"Idempotency-Key": "express"}},
    "a key that is empty": {"json": JOB, "headers": {"Idempotency-Key": ""}},
    "a key that is too long": {"json": JOB, "headers": {"Idempotency-Key": "k" * 201}},
    "a field more": {"json": JOB | {"surprise": 1}},
    "an unknown type": {"json": JOB | {"type": "magic"}},
    "no JSON": {"content": b"{", "headers": {"Content-Type": "application/json"}},
    "another content": {"content": b"a=1"},
    "from another site's page": {"json": JOB, "headers": {"Origin": "https://evil.example"}},
    "to be estimated": {"json": JOB, "params": {"dryRun": "true"}},
}


async def answers(settings: Settings) -> dict[str, Any]:
    """What each request is answered with, without what differs each time."""
    async with serving(settings) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        told = {name: _told(await client.request("GET", **how)) for name, how in READS.items()}  # type: ignore[arg-type]
        for name, how in SUBMISSIONS.items():
            told[name] = _told(await client.post("/api/enrichment", **how))  # type: ignore[arg-type]
        job_id = (await client.post("/api/enrichment", json=JOB)).json()["jobId"]
        for name, path in {
            "read": f"/api/enrichment?jobId={job_id}",
            "by path": f"/api/enrichment/jobs/{job_id}",
        }.items():
            told[name] = _told(await client.get(path))
            told[f"{name}, head"] = _told(await client.head(path))
        return told


def _told(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    headers = {name: _steady(value) for name, value in answer.headers.items() if name not in VARYING}
    return answer.status_code, headers, _steady(answer.text)


def _steady(text: str) -> str:
    """Without ids, moments, and how long a job would take: that depends on how many wait."""
    return re.sub(r'[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|"expectedSeconds":{[^}]*}', "…", text)


async def test_it_answers_as_the_routes_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Express._usual
    taken: list[bool] = []

    def watched(express: Express, request: Any) -> Any:
        answering = usual(express, request)
        taken.append(answering is not None)
        return answering

    monkeypatch.setattr(Express, "_usual", watched)
    short = await answers(settings)
    assert 0.5 < sum(taken) / len(taken) < 1, "the usual goes the short way, and the unusual does not"

    monkeypatch.setattr(Express, "_usual", lambda *_: None)
    assert short == await answers(settings) | {"a job with a key": short["a job with a key"]}
