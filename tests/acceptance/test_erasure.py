"""Where a candidate's data goes: a canary in every field is in PostgreSQL alone, and after the erasure nowhere.

With a master key it is, in the clear, not even there.
"""

import asyncio
import base64
import io
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from enrichment.models import JobStatus, JobType
from tests.conftest import serving
from tests.integration.models import Models, stack
from tests.integration.receiver import Receiver, receiving

CANARY = "Xq9zCanary"
CANDIDATE = "cand-4711"
LATER = "2999-01-01T00:00:00Z"
MASTER = f"m1:{base64.b64encode(b'm' * 32).decode()}"


def everywhere(mark: str) -> dict[str, Any]:
    """A candidate that holds the canary in each field that the product knows, and in one that it does not."""
    word = f"{CANARY} {mark}"
    return {
        "candidateId": CANDIDATE,
        "basics": {
            "name": word,
            "label": word,
            "email": f"{CANARY}@example.com",
            "phone": word,
            "summary": f"Engineer {word}.",
            "location": {"address": word, "city": word},
            "profiles": [{"network": "X", "username": CANARY, "url": f"https://x.example/{CANARY}"}],
        },
        "work": [
            {"name": word, "position": word, "startDate": "2020-01", "summary": f"Built {word}.", "highlights": [word]}
        ],
        "projects": [{"name": word, "description": word}],
        "education": [{"institution": word, "area": word}],
        "skills": [{"name": word, "keywords": [CANARY]}],
        "languages": [{"language": word}],
        "references": [{"name": word, "reference": word}],
        word: word,
    }


class Place:
    """The whole of what one test leaves behind, to be searched as bytes."""

    def __init__(self, models: Models, api: httpx.AsyncClient, logs: io.StringIO, receiver: Receiver) -> None:
        self.models, self.api, self.logs, self.receiver = models, api, logs, receiver

    async def tables(self) -> set[str]:
        """The tables of which some live row holds the canary."""
        names = (
            await self.models.database.execute(
                text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'enrichment%'")
            )
        ).scalars()
        found = set()
        for name in names:
            statement = text(
                f"SELECT EXISTS (SELECT FROM {name} AS row WHERE row::text ILIKE :canary OR {_bytes(name)})"
            )
            if (await self.models.database.execute(statement, {"canary": f"%{CANARY}%"})).scalar_one():
                found.add(name)
        return found

    async def elsewhere(self) -> list[str]:
        """The other places that hold it: Redis, Temporal's file, logs, metrics, webhooks."""
        needle = CANARY.lower().encode()
        redis = await _redis(self.models)
        temporal = b"".join(
            path.read_bytes()
            for path in self.models.infrastructure.directory.path.joinpath("temporal").glob("*")
            if path.is_file()
        )
        metrics = (await self.api.get("/metrics")).content
        told = b"".join(message.text.encode() for message in self.receiver.got._queue)  # type: ignore[attr-defined]
        places = {
            "redis": redis,
            "temporal": temporal,
            "logs": self.logs.getvalue().encode(),
            "metrics": metrics,
            "webhooks": told,
        }
        assert temporal, "Temporal's file is where we look for it"
        assert redis.startswith(b"REDIS"), "and so is that of Redis"
        return [name for name, content in places.items() if needle in content.lower()]


def _bytes(table: str) -> str:
    """A condition on the columns of bytes, whose text is hexadecimal."""
    if table == "enrichment_document":
        return "position(convert_to(trim(both '%' from :canary), 'UTF8') in content) > 0"
    return "false"


async def _redis(models: Models) -> bytes:
    """Its whole file, as it would be backed up."""
    redis = models.queue._progress._redis
    await redis.config_set("rdbcompression", "no")
    await redis.save()
    where = await redis.config_get("dir") | await redis.config_get("dbfilename")
    return await asyncio.to_thread(Path(str(where["dir"]), str(where["dbfilename"])).read_bytes)


@pytest.fixture(params=[None, MASTER], ids=["clear", "sealed"])
async def place(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    logs = io.StringIO()
    handler = logging.StreamHandler(logs)
    handler.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    async with (
        stack(tmp_path, rehearsal=True, webhook_loopback=True, master_keys=request.param) as models,
        serving(models.settings) as url,
        httpx.AsyncClient(base_url=url, timeout=10) as api,
        receiving() as receiver,
    ):
        yield Place(models, api, logs, receiver)
    logging.getLogger().removeHandler(handler)


async def submit(place: Place, mark: str, **fields: Any) -> str:
    body = {"type": "competence_file_generation", "priority": "critical", "candidateData": everywhere(mark), **fields}
    answer = await place.api.post("/api/enrichment", json={"webhookUrl": place.receiver.url, **body})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["jobId"])


def rows_of(export: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = export["jobs"]
    parts = ("events", "reviews", "usage", "audit", "responses", "webhooks", "documents")
    return [*jobs, *(row for job in jobs for part in parts for row in job[part])]


async def test_a_candidate_is_in_postgresql_alone_and_after_the_erasure_nowhere(place: Place) -> None:
    models = place.models
    words, _ = models.provider.mark("good")
    done = await submit(place, words)
    failing = await submit(
        place, "failed", options={"rehearse": {"failCode": "provider_overloaded", "failAttempts": 9}}, maxRetries=1
    )
    waiting = await submit(place, "waiting", runAt=LATER)
    cancelled = await submit(place, "cancelled", runAt=LATER)
    await place.api.post(f"/api/enrichment/jobs/{cancelled}/cancel", json={"reason": "a mistake"})
    others = [{"candidateId": f"other-{number}", "skills": [{"name": f"Skill {number}"}]} for number in range(3)]
    bulk = await submit(
        place, "", type=JobType.BULK_CANDIDATE_ENRICHMENT, candidateData=None, candidates=[everywhere("child"), *others]
    )
    ended = await asyncio.gather(*map(models.ended, (done, failing, bulk)))
    assert [job.status for job in ended] == [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.COMPLETED]
    await place.api.post(f"/api/enrichment/jobs/{failing}/retry")
    assert (await models.ended(failing)).run == 2
    reviewed = await place.api.post(
        f"/api/enrichment/jobs/{done}/review",
        json={"decision": "reject", "edits": [{"pointer": "/introduction/0", "value": f"{CANARY} said"}]},
    )
    assert reviewed.status_code == 200, reviewed.text

    if place.models.database.vault.is_sealing:
        assert await place.tables() == set()
    else:
        assert await place.tables() >= {"enrichment_job", "enrichment_document", "enrichment_review_edits"}
    assert await place.elsewhere() == []
    export = (await place.api.get(f"/api/candidates/{CANDIDATE}/export")).json()
    assert {job["id"] for job in export["jobs"]} >= {done, failing, waiting, cancelled}
    assert len(export["jobs"]) == 5
    assert not [name for row in rows_of(export) for name in row if "_" in name]
    assert CANARY in json.dumps(export)

    receipt = (await place.api.delete(f"/api/candidates/{CANDIDATE}")).json()

    assert (receipt["erased"]["jobs"], receipt["cancelledJobs"]) == (5, 1)
    assert receipt["erased"]["workflows"] == 3, "of each run that had one: not of those that waited, nor of a child"
    assert receipt["erased"]["documents"] >= 1
    assert receipt["erased"]["reviews"] == 1
    assert await place.tables() == set()
    assert await place.elsewhere() == []
    assert receipt["erased"]["keys"] == int(models.database.vault.is_sealing)
    for job_id in (done, failing, waiting, cancelled):
        assert (await place.api.get(f"/api/enrichment/jobs/{job_id}")).status_code == 404
    left = await models.queue.get_job_status(bulk)
    assert (left.result or {})["total"] == 3, "the bulk counts the jobs that there are"
    again = (await place.api.delete(f"/api/candidates/{CANDIDATE}")).json()
    assert set(again["erased"].values()) == {0}
    assert (await place.api.get(f"/api/candidates/{CANDIDATE}/export")).json()["jobs"] == []
