"""What operators do over HTTP: narrow the list, act on all that match, follow the overview, ask why a job waits."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse
from sqlalchemy import text

from enrichment import ids
from enrichment.actions.records import ActionKind
from enrichment.db import Database
from enrichment.errors import NotFound
from enrichment.jobs import transitions
from enrichment.jobs.queries import Filter
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus
from enrichment.service import EnrichmentQueue

LATER = "2999-01-01T00:00:00Z"
JOBS = "/api/enrichment/jobs"


async def submit(api: httpx.AsyncClient, **changes: Any) -> str:
    """A job that no worker starts."""
    body = {"type": "skills_optimization", "candidateData": {}, "runAt": LATER, **changes}
    accepted: dict[str, Any] = (await api.post("/api/enrichment", json=body)).json()
    return str(accepted["jobId"])


async def fail(database: Database, job_id: str, code: str) -> None:
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.FAILED, code, "Said why"))


async def act(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """A bulk action, to its end."""
    started = await api.post(f"{JOBS}/actions", json=body)
    assert started.status_code == 202
    async with asyncio.timeout(20):
        while True:
            action: dict[str, Any] = (await api.get(started.headers["location"])).json()
            if action["endedAt"]:
                return action
            await asyncio.sleep(0.05)


async def test_the_list_is_narrowed_by_error_and_by_the_beginning_of_the_id(
    api: httpx.AsyncClient, database: Database
) -> None:
    job_id = await submit(api, candidateId="narrow")
    await fail(database, job_id, "content_refused")

    by_error = (await api.get(JOBS, params={"errorCode": "content_refused", "candidateId": "narrow"})).json()["jobs"]
    by_id = (await api.get(JOBS, params={"id": job_id[:30]})).json()["jobs"]
    assert [job["jobId"] for job in by_error] == [job["jobId"] for job in by_id] == [job_id]
    assert (await api.get(JOBS, params={"id": "0%"})).status_code == 422
    assert (await api.get(JOBS, params={"errorCode": "nonsense"})).status_code == 422


@pytest.mark.usefixtures("worker")
async def test_all_that_match_are_counted_and_then_cancelled(api: httpx.AsyncClient) -> None:
    job_ids = [await submit(api, candidateId="all-of-them") for _ in range(60)]
    other = await submit(api, candidateId="another")
    wish = {"action": "cancel", "filter": {"candidateId": "all-of-them"}}

    counted = await api.post(f"{JOBS}/actions", json={**wish, "dryRun": True})
    assert (counted.status_code, counted.json()) == (200, {"matching": 60, "more": False})

    action = await act(api, **wish)
    assert (action["total"], action["done"], action["changed"]) == (60, 60, 60)
    assert {(await api.get(f"{JOBS}/{job_id}")).json()["status"] for job_id in job_ids[::20]} == {"cancelled"}
    assert (await api.get(f"{JOBS}/{other}")).json()["status"] == "pending"


@pytest.mark.usefixtures("worker")
async def test_named_jobs_are_retried_and_others_left(api: httpx.AsyncClient, database: Database) -> None:
    failed, waiting = await submit(api), await submit(api)
    await fail(database, failed, "internal")

    action = await act(api, action="retry", ids=[failed, waiting])

    assert (action["total"], action["done"], action["changed"]) == (1, 1, 1)
    assert (await api.get(f"{JOBS}/{failed}")).json()["run"] == 2
    assert (await api.get(f"{JOBS}/{waiting}")).json()["run"] == 1


@pytest.mark.usefixtures("worker")
async def test_an_action_that_nobody_can_read_stops_no_other(api: httpx.AsyncClient, database: Database) -> None:
    job_id = await submit(api, candidateId="behind-them")
    statement = text("""
        INSERT INTO enrichment_action (id, tenant, action, filter, total, cursor)
        SELECT id, 'acme', action, CAST(filter AS jsonb), 1, id
        FROM (VALUES (:newer, 'archive', '{}'), (:spoilt, 'cancel', '{"statuses": 5}')) AS added (id, action, filter)
    """)
    newer, spoilt = ids.new_id(), ids.new_id()
    await database.execute(statement, {"newer": newer, "spoilt": spoilt})

    assert (await act(api, action="cancel", filter={"candidateId": "behind-them"}))["changed"] == 1

    left = text("DELETE FROM enrichment_action WHERE id = ANY(:ids) RETURNING id, claimed_at, ended_at")
    rows = {row.id: row for row in await database.execute(left, {"ids": [newer, spoilt]})}
    assert (rows[newer].claimed_at, rows[newer].ended_at) == (None, None), "left to a worker that knows the kind"
    assert rows[spoilt].ended_at is not None
    assert (await api.get(f"{JOBS}/{job_id}")).json()["status"] == "cancelled"


async def test_an_action_is_its_tenants_own(queue: EnrichmentQueue) -> None:
    action = await queue.start_action(ActionKind.CANCEL, Filter(candidate_id="nobody"), 0)

    assert await queue.get_action(action.action_id)
    with pytest.raises(NotFound):
        await queue.for_tenant("other").get_action(action.action_id)


@pytest.mark.parametrize(
    "body",
    [
        {"action": "delete", "filter": {}},
        {"action": "retry"},
        {"action": "retry", "filter": {}, "ids": []},
        {"action": "retry", "filter": {"colour": "red"}},
        {"action": "retry", "filter": {}, "dryRun": "yes"},
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await api.post(f"{JOBS}/actions", json=body)).status_code == 422


async def test_why_a_job_waits_and_what_it_was_given(api: httpx.AsyncClient) -> None:
    job_id = await submit(api, candidateData={"basics": {"name": "Noor"}})

    waiting = (await api.get(f"{JOBS}/{job_id}")).json()["waiting"]
    assert (waiting["reason"], waiting["until"]) == ("scheduled", LATER)
    assert (await api.get(f"{JOBS}/{job_id}/input")).json() == {"basics": {"name": "Noor"}}

    await api.post(f"{JOBS}/{job_id}/cancel")
    assert (await api.get(f"{JOBS}/{job_id}")).json()["waiting"] is None


async def test_a_bulk_was_given_so_many_candidates_in_so_many_batches(api: httpx.AsyncClient) -> None:
    candidates, options = [{"basics": {"name": "Noor"}}] * 3, {"batchSize": 2}
    bulk = await submit(
        api, type="bulk_candidate_enrichment", candidateData=None, candidates=candidates, options=options
    )

    assert (await api.get(f"{JOBS}/{bulk}/input")).json() == {"total": 3, "batches": 2}


async def test_the_overview_comes_whole_and_then_in_parts(api: httpx.AsyncClient, database: Database) -> None:
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(20), aconnect_sse(api, "GET", "/api/queue/events") as source:
        async for event in source.aiter_sse():
            seen.append(json.loads(event.data))
            if len(seen) == 1:
                job_id = await submit(api)
                await fail(database, job_id, "context_too_long")
            elif any(group["exampleJobId"] == job_id for group in seen[-1].get("errors", ())):
                break  # others may fail meanwhile

    assert {"queues", "jobs", "throughput", "stats", "health", "temporalUi"} <= seen[0].keys()
    assert "temporalUi" not in seen[-1]
    [group] = [group for group in seen[-1]["errors"] if group["code"] == "context_too_long"]
    assert group["exampleJobId"] == job_id
    minute = seen[-1]["throughput"][-1]
    assert sum(minute["queues"].values()) == minute["completed"] + minute["failed"] + minute["cancelled"]
