"""A draft becomes an approved or a rejected result, and every act leaves a line that stays."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from enrichment.audit import entries
from enrichment.db import Database
from enrichment.errors import EnrichmentError, Internal
from enrichment.jobs import attempts, transitions
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus, ReviewStatus, Submission
from enrichment.service import EnrichmentQueue

JOBS = "/api/enrichment/jobs"
RESUME = {
    "basics": {"name": "Maren Oddvik", "label": "Backend developer"},
    "work": [{"name": "Fjord", "position": "Developer", "startDate": "2021-03", "highlights": ["One", "Two"]}],
    "skills": [{"name": "Python"}],
}

JSON = dict[str, Any]

pytestmark = pytest.mark.usefixtures("worker")


async def completed(api: httpx.AsyncClient, queue: EnrichmentQueue, **fields: Any) -> JSON:
    """A job that the worker has completed."""
    body = {"type": "competence_file_generation", "candidateData": RESUME, "priority": "critical"} | fields
    job_id = (await api.post("/api/enrichment", json=body)).json()["jobId"]
    async with asyncio.timeout(30):
        async for job in queue.watch(job_id):
            if job.status.is_terminal:
                assert job.status is JobStatus.COMPLETED, job.error
    return await read(api, job_id)


async def read(api: httpx.AsyncClient, job_id: str) -> JSON:
    job: JSON = (await api.get(f"{JOBS}/{job_id}")).json()
    return job


async def review(api: httpx.AsyncClient, job: JSON, decision: str, *edits: JSON) -> httpx.Response:
    body = {"decision": decision, "edits": list(edits)}
    return await api.post(f"{JOBS}/{job['jobId']}/review", json=body)


async def audit(api: httpx.AsyncClient, job: JSON) -> list[JSON]:
    acts: list[JSON] = (await api.get(f"{JOBS}/{job['jobId']}/audit")).json()["entries"]
    return acts


async def test_a_result_is_a_draft_and_an_approved_one_is_final(api: httpx.AsyncClient, queue: EnrichmentQueue) -> None:
    draft = await completed(api, queue)
    assert draft["review"] == {"status": "draft", "reviewedAt": None, "reviewedBy": None, "edits": []}
    assert {"review", "audit"} <= draft["links"].keys()

    answer = await review(api, draft, "approve")

    approved = answer.json()
    assert answer.status_code == 200
    assert approved["review"]["status"] == "approved"
    assert approved["review"]["reviewedAt"] is not None
    assert approved["result"] == draft["result"]
    assert {"review", "retry"}.isdisjoint(approved["links"])
    assert [(await review(api, draft, decision)).status_code for decision in ("approve", "reject")] == [409, 409]
    assert (await api.post(f"{JOBS}/{draft['jobId']}/retry")).status_code == 409
    assert await read(api, draft["jobId"]) == approved


async def test_the_document_of_an_approved_job_is_the_approved_text(
    api: httpx.AsyncClient, queue: EnrichmentQueue
) -> None:
    draft = await completed(api, queue)
    change = {"pointer": "/experience/0/bullets/0", "value": "Built the billing"}
    leave_out = {"pointer": "/experience/0/bullets/1", "accept": False}

    approved = (await review(api, draft, "approve", change, leave_out)).json()

    document = (await api.get(f"{JOBS}/{draft['jobId']}/document?format=md")).text
    assert "Built the billing" in document
    assert "One" not in document
    assert "Two" not in document
    assert [bullet["value"] for bullet in approved["result"]["experience"][0]["bullets"]] == ["Built the billing"]
    assert approved["review"]["edits"] == [
        {
            "pointer": "/experience/0/bullets/0",
            "verdict": "changed",
            "before": "One",
            "after": "Built the billing",
        },
        {"pointer": "/experience/0/bullets/1", "verdict": "rejected", "before": "Two", "after": None},
    ]


async def test_a_rejected_job_can_be_retried_and_reviewed_anew(api: httpx.AsyncClient, queue: EnrichmentQueue) -> None:
    draft = await completed(api, queue, type="skills_optimization")
    rejected = (await review(api, draft, "reject", {"pointer": "/skills/0/name", "value": "Ruby"})).json()
    assert rejected["review"]["status"] == "rejected"
    assert rejected["result"] == draft["result"], "a rejected result stays as it was made"
    assert "retry" in rejected["links"]

    retried = await api.post(f"{JOBS}/{draft['jobId']}/retry")

    assert retried.status_code == 202
    async with asyncio.timeout(30):
        final = [job async for job in queue.watch(draft["jobId"])][-1]
    assert (final.run, final.status) == (2, JobStatus.COMPLETED)
    assert final.review is not None
    assert (final.review.status, final.review.edits) == (ReviewStatus.DRAFT, ())
    assert (await review(api, draft, "approve")).json()["review"]["status"] == "approved"


async def test_of_reviews_at_the_same_time_one_stands(api: httpx.AsyncClient, queue: EnrichmentQueue) -> None:
    draft = await completed(api, queue, type="skills_optimization")
    edits = [{"pointer": "/skills/0/name", "value": f"Python {number}"} for number in range(8)]

    answers = await asyncio.gather(*(review(api, draft, "approve", edit) for edit in edits))

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert await read(api, draft["jobId"]) == won
    assert won["review"]["edits"][0]["after"] == won["result"]["skills"][0]["name"]["value"]


async def test_only_a_completed_result_of_its_own_can_be_reviewed(
    api: httpx.AsyncClient, queue: EnrichmentQueue
) -> None:
    later = {"type": "skills_optimization", "candidateData": RESUME, "runAt": "2999-01-01T00:00:00Z"}
    waiting = (await api.post("/api/enrichment", json=later)).json()
    bulk = await completed(
        api, queue, type="bulk_candidate_enrichment", candidateData=None, candidates=[{"basics": {}}, {"basics": {}}]
    )

    assert (await review(api, waiting, "approve")).status_code == 409
    assert (await review(api, bulk, "approve")).status_code == 409
    assert bulk["review"] is None
    unknown = {"jobId": "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55"}
    assert (await review(api, unknown, "approve")).status_code == 404
    assert (await api.get(f"{JOBS}/{unknown['jobId']}/audit")).status_code == 404


async def test_a_review_that_does_not_fit_is_refused_and_changes_nothing(
    api: httpx.AsyncClient, queue: EnrichmentQueue
) -> None:
    draft = await completed(api, queue, type="skills_optimization")

    answer = await review(api, draft, "approve", {"pointer": "/skills/9/name", "value": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/edits/0/pointer")
    answer = await review(api, draft, "approve", {"pointer": "/skills/0/name"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/edits/0/value")
    answer = await review(api, draft, "perhaps")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/decision")
    assert await read(api, draft["jobId"]) == draft


async def test_the_statistics_tell_how_results_were_received(
    api: httpx.AsyncClient, queue: EnrichmentQueue, database: Database
) -> None:
    tenant = queue.for_tenant("reviews")
    for decisions in (["approved"], ["rejected"], ["rejected", "rejected", "approved"], []):
        job_id = await completed_for(tenant, database)
        for decision in decisions:
            await tenant.review_job(job_id, ReviewStatus(decision), by="key-1")

    (approval,) = (await tenant.get_stats()).approvals

    assert (approval.model, approval.prompt_version) == ("m-1", "p-7")
    assert (approval.approved, approval.rejected) == (2, 1), "the last review of a result counts"
    assert approval.rate == pytest.approx(2 / 3)


async def completed_for(queue: EnrichmentQueue, database: Database) -> str:
    """A job of another tenant, which this session's worker has nothing to do with."""
    request = Submission(type="skills_optimization", candidate_data=RESUME, run_at="2999-01-01T00:00:00Z")
    job_id = (await queue.add_job(request)).id
    await attempts.begin(database, job_id, 1, 1)
    result = {
        "provider": "p", "model": "m-1", "promptVersion": "p-7", "taxonomyVersion": "t-3",
        "usage": {"requests": 1, "inputTokens": 7, "outputTokens": 3, "costUsd": None, "usageReported": True},
        "faithfulness": {"score": 0.9, "checkedFacts": 10, "method": "x", "version": "1"},
    }  # fmt: skip
    await transitions.finish(database, job_id, 1, Outcome(JobStatus.COMPLETED, result=result))
    return job_id


async def test_every_act_leaves_a_line_without_the_data(
    api: httpx.AsyncClient, queue: EnrichmentQueue, database: Database
) -> None:
    draft = await completed(api, queue, type="skills_optimization")
    await review(api, draft, "reject")
    await review(api, draft, "approve", {"pointer": "/skills/0/name", "value": "Ruby"})

    made, rejected, approved = await audit(api, draft)

    assert [entry["act"] for entry in (made, rejected, approved)] == ["completed", "rejected", "approved"]
    assert (made["actor"], approved["actor"]) == ("system", "local")
    assert (made["provider"], made["faithfulness"], made["usage"]["costUsd"]) == ("rules", 1.0, 0.0)
    assert made["taxonomyVersion"] == draft["result"]["taxonomyVersion"]
    assert (made["changedFields"], rejected["changedFields"], approved["changedFields"]) == (None, 0, 1)
    stored = text("SELECT CAST(row_to_json(a) AS text) FROM enrichment_audit AS a WHERE job_id = :id")
    lines = "".join((await database.execute(stored, {"id": draft["jobId"]})).scalars())
    assert lines
    assert not any(word in lines for word in ("Maren", "Backend", "Fjord", "Python", "Ruby"))


async def test_failures_and_cancelled_runs_are_told_of_and_what_never_began_is_not(
    queue: EnrichmentQueue, database: Database
) -> None:
    request = Submission(type="skills_optimization", candidate_data=RESUME, run_at="2999-01-01T00:00:00Z")
    failed, stopped, never = [(await queue.add_job(request)).id for _ in range(3)]
    for job_id in (failed, stopped):
        await attempts.begin(database, job_id, 1, 1)
    await transitions.finish(database, failed, 1, Outcome(JobStatus.FAILED, "provider_quota", "none left"))
    for job_id in (stopped, never):
        await queue.cancel_job(job_id)

    assert [(act.act, act.error_code) for act in await queue.get_audit(failed)] == [("failed", "provider_quota")]
    assert [act.act for act in await queue.get_audit(stopped)] == ["cancelled"]
    assert await queue.get_audit(never) == []


async def test_equal_data_has_one_hash_and_other_data_another(queue: EnrichmentQueue, database: Database) -> None:
    reordered = dict(reversed(RESUME.items()))
    hashes = []
    for candidate in (RESUME, reordered, RESUME | {"skills": []}):
        request = Submission(type="skills_optimization", candidate_data=candidate, run_at="2999-01-01T00:00:00Z")
        job_id = (await queue.add_job(request)).id
        await attempts.begin(database, job_id, 1, 1)
        await transitions.finish(database, job_id, 1, Outcome(JobStatus.FAILED, "internal", "x"))
        hashes.append((await queue.get_audit(job_id))[0].input_hash)

    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


async def test_the_audit_outlives_the_job_and_refuses_to_be_changed(queue: EnrichmentQueue, database: Database) -> None:
    tenant = queue.for_tenant("audited")
    job_id = await completed_for(tenant, database)
    await tenant.review_job(job_id, ReviewStatus.APPROVED, by="key-1")
    await database.execute(text("DELETE FROM enrichment_job WHERE id = :id"), {"id": job_id})

    acts = await tenant.get_audit(job_id)

    assert [(act.act, act.actor, act.model, act.prompt_version) for act in acts] == [
        ("completed", "system", "m-1", "p-7"),
        ("approved", "key-1", "m-1", "p-7"),
    ]
    assert acts[0].usage is not None
    assert (acts[0].usage.input_tokens, acts[0].usage.cost_usd) == (7, None)
    with pytest.raises(EnrichmentError, match="no such job"):
        await queue.get_audit(job_id)  # another tenant
    for forgery in ("UPDATE enrichment_audit SET actor = 'me'", "DELETE FROM enrichment_audit"):
        with pytest.raises(Internal):
            await database.execute(text(forgery))
    assert len(await entries.of_job(database, "audited", job_id)) == 2
    left = await database.execute(
        text("SELECT count(*) FROM enrichment_review_edits WHERE job_id = :id"), {"id": job_id}
    )
    assert left.scalar() == 0, "edits are candidates' data: they go with the job"
