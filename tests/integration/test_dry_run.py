"""What a submission would take: refused like the real one, told as ranges, and nothing of it stored."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from enrichment.db import Database
from enrichment.models import Submission
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.webhooks import endpoints
from tests.conftest import serving
from tests.integration.test_cli import CommandLine

pytestmark = pytest.mark.usefixtures("worker")

ADA = {"basics": {"name": "Ada Byron"}, "work": [{"name": "A", "summary": "Built billing services. " * 20}]}
NDJSON = {"Content-Type": "application/x-ndjson"}


async def stored(database: Database) -> int:
    return int((await database.execute(text("SELECT count(*) FROM enrichment_job"))).scalar_one())


async def test_a_job_by_rules_costs_nothing_and_is_not_stored(api: httpx.AsyncClient, database: Database) -> None:
    before = await stored(database)
    answer = await api.post(
        "/api/enrichment", params={"dryRun": "true"}, json={"type": "skills_optimization", "candidateData": ADA}
    )
    assert answer.status_code == 200
    estimate = answer.json()
    assert (estimate["count"], estimate["cached"], estimate["skipped"], estimate["model"]) == (1, 0, 0, "rules")
    assert estimate["costUsd"] == {"min": 0, "max": 0}
    assert estimate["tokens"] == {"min": 0, "max": 0}
    assert estimate["expectedSeconds"]["max"] >= estimate["expectedSeconds"]["min"] > 0
    assert await stored(database) == before


async def test_a_bulk_counts_its_lines(api: httpx.AsyncClient, database: Database) -> None:
    before = await stored(database)
    lines = b'{"a": 1}\n{"a": 1}\nnonsense\n{"a": 2}\n'
    answer = await api.post(
        "/api/enrichment/bulk", params={"dryRun": "true", "onInvalid": "skip"}, content=lines, headers=NDJSON
    )
    assert answer.status_code == 200
    estimate = answer.json()
    assert (estimate["count"], estimate["cached"], estimate["skipped"]) == (3, 1, 1)
    assert estimate["intake"]["invalid"][0]["line"] == 3
    assert await stored(database) == before


@pytest.mark.parametrize(
    ("model", "is_priced"),
    [("openai:gpt-4o-mini", True), ("openai:of-our-own", False), ("openai:gpt-4o-mini,x:y", False)],
)
async def test_a_model_costs_what_is_known_of_it(settings: Settings, model: str, is_priced: bool) -> None:
    async with await EnrichmentQueue.connect(settings.model_copy(update={"model": model})) as queue:
        request = Submission(type="candidate_profile_enhancement", candidate_data=ADA)
        estimate = await queue.estimate_job(request)
    assert 0 < estimate.tokens.min < estimate.tokens.max
    if is_priced:
        assert estimate.cost_usd is not None
        assert 0 < estimate.cost_usd.min < estimate.cost_usd.max
    else:
        assert estimate.cost_usd is None


@pytest.mark.parametrize(
    "body",
    [
        {"type": "skills_optimization"},
        {"type": "nonsense", "candidateData": ADA},
        {"type": "skills_optimization", "candidateData": ADA, "candidateId": "<"},
    ],
)
async def test_it_refuses_what_would_be_refused(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    real = await api.post("/api/enrichment", json=body)
    dry = await api.post("/api/enrichment", params={"dryRun": "true"}, json=body)
    assert (dry.status_code, dry.json()["errors"]) == (real.status_code, real.json()["errors"])
    assert dry.status_code == 422


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://x"])
async def test_it_refuses_a_webhook_that_would_be_refused(api: httpx.AsyncClient, url: str) -> None:
    body = {"type": "skills_optimization", "candidateData": ADA, "webhookUrl": url}
    for path, content in (("", {"json": body}), ("/bulk", {"content": b"{}\n", "headers": NDJSON})):
        query = {"webhookUrl": url} if path else {}
        real, dry = [
            await api.post(f"/api/enrichment{path}", params=query | how, **content) for how in ({}, {"dryRun": "true"})
        ]
        assert (dry.status_code, dry.json()["errors"]) == (real.status_code, real.json()["errors"])
        assert (dry.status_code, dry.json()["errors"][0]["pointer"]) == (422, "/webhookUrl")


async def test_it_registers_no_webhook(api: httpx.AsyncClient, database: Database) -> None:
    url = "http://127.0.0.1:9/of-a-dry-run"
    body = {"type": "skills_optimization", "candidateData": ADA, "webhookUrl": url}
    assert (await api.post("/api/enrichment", params={"dryRun": "true"}, json=body)).status_code == 200
    assert await endpoints.find(database, "default", url) is None


async def test_it_refuses_what_a_quota_refuses(settings: Settings, database: Database) -> None:
    full = settings.model_copy(update={"max_open_jobs": 0})
    async with serving(full) as url, httpx.AsyncClient(base_url=url) as api:
        answers = [
            await api.post("/api/enrichment?dryRun=true", json={"type": "skills_optimization", "candidateData": ADA}),
            await api.post("/api/enrichment/bulk?dryRun=true", content=b"{}\n", headers=NDJSON),
        ]
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in answers] == [(429, "10")] * 2


async def test_the_command(api: httpx.AsyncClient, tmp_path: Path) -> None:
    enrich = CommandLine(str(api.base_url), tmp_path)
    answer = await enrich("submit", enrich.file, "--type", "skills_optimization", "--dry-run")
    assert answer.code == 0
    assert answer.lines[0][1:4] == ["1 job", "0-0 tokens", "$0.0000-0.0000"]
