"""Erasure and export by their callers: tenants, ids of every kind, the command line, stores that are away."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from enrichment import temporal
from enrichment.db import Database
from enrichment.errors import StorageUnavailable
from enrichment.jobs.queries import Filter
from enrichment.models import Options, Rehearsal, Submission
from enrichment.queues import BY_BAND
from enrichment.service import EnrichmentQueue
from tests.integration.test_cli import CommandLine

ADA = {"basics": {"name": "Ada Byron"}}
LATER = "2999-01-01T00:00:00Z"


async def a_job(queue: EnrichmentQueue, candidate_id: str) -> str:
    request = Submission(type="skills_optimization", candidate_id=candidate_id, candidate_data=ADA, run_at=LATER)
    return (await queue.add_job(request)).id


async def test_a_tenant_erases_and_sees_its_own_alone(queue: EnrichmentQueue) -> None:
    ours, theirs = (queue.for_tenant(f"tenant-{uuid4().hex}") for _ in range(2))
    kept = await a_job(theirs, "cand-1")
    await a_job(ours, "cand-1")

    assert len((await ours.export_candidate("cand-1")).jobs) == 1
    assert (await ours.erase_candidate("cand-1")).erased["jobs"] == 1
    assert (await theirs.get_job_status(kept)).status == "pending"
    assert len((await theirs.export_candidate("cand-1")).jobs) == 1


@pytest.mark.parametrize("candidate_id", ["a/b", "x@y.example", "with space", "c:1+2", "export", "Zoe\u0308"])
async def test_any_id_that_a_job_can_have(api: httpx.AsyncClient, queue: EnrichmentQueue, candidate_id: str) -> None:
    await a_job(queue, candidate_id)
    inside = ADA | {"candidateId": candidate_id}
    await queue.add_job(Submission(type="skills_optimization", candidate_data=inside, run_at=LATER))
    address = f"/api/candidates/{httpx.URL('http://x').copy_with(path='/' + candidate_id).raw_path.decode()[1:]}"
    assert len((await api.get(f"{address}/export")).json()["jobs"]) == 2
    assert (await api.delete(address)).json()["erased"]["jobs"] == 2


async def test_an_export_is_of_all_columns_in_camel_case_and_of_the_data_as_it_came(
    api: httpx.AsyncClient, queue: EnrichmentQueue, database: Database
) -> None:
    ours, candidate_id = ADA | {"candidateId": f"cand-{uuid4().hex}", "of_ours": {"and_ours": 1}}, "candidateId"
    job = await queue.add_job(Submission(type="skills_optimization", candidate_data=ours, run_at=LATER))
    await queue.cancel_job(job.id)

    (held,) = (await api.get(f"/api/candidates/{ours[candidate_id]}/export")).json()["jobs"]

    columns = await database.execute(text("SELECT * FROM enrichment_job WHERE id = :id"), {"id": job.id})
    assert {name.replace("_", "") for name in columns.mappings().one()} <= {name.lower() for name in held}
    assert not [name for row in (held, *held["events"], *held["webhooks"]) for name in row if "_" in name]
    assert [(event["fromStatus"], event["toStatus"]) for event in held["events"]][-1] == ("pending", "cancelled")
    assert held["payload"] == ours


@pytest.mark.usefixtures("worker")
async def test_a_bulk_whose_last_candidate_is_erased_ends_with_nobody(
    api: httpx.AsyncClient, queue: EnrichmentQueue
) -> None:
    low, candidate_id = BY_BAND["low"], f"cand-{uuid4().hex}"
    candidates = [ADA | {"candidateId": candidate_id}]
    await queue.pause_queue(low)
    try:
        request = Submission(type="bulk_candidate_enrichment", candidates=candidates, priority="low")
        bulk = (await queue.add_job(request)).id
        assert (await queue.erase_candidate(candidate_id)).erased["jobs"] == 1
    finally:
        await queue.resume_queue(low)

    async with asyncio.timeout(60):
        *_, end = [job async for job in queue.watch(bulk)]
    assert end.result is not None, end.error
    assert (end.status, end.result["total"], end.result["errorGroups"]) == ("completed", 0, [])
    paths = (f"/api/enrichment/jobs/{bulk}", "/api/enrichment/jobs", "/api/queue/dashboard")
    assert [(await api.get(path)).status_code for path in paths] == [200] * 3


@pytest.mark.usefixtures("worker")
async def test_the_workflow_of_a_bulks_job_that_was_retried_alone_is_erased_too(queue: EnrichmentQueue) -> None:
    candidate_id = f"cand-{uuid4().hex}"
    request = Submission(
        type="bulk_candidate_enrichment",
        candidates=[ADA | {"candidateId": candidate_id}],
        options=Options(rehearse=Rehearsal(fail_code="content_refused", fail_attempts=9)),
    )
    bulk = (await queue.add_job(request)).id
    async with asyncio.timeout(60):
        assert [job.status async for job in queue.watch(bulk)][-1] == "failed"
        (child,) = (await queue.list_jobs(Filter(parent_id=bulk))).jobs
        await queue.retry_job(child.job_id)
        assert [(job.run, job.status) async for job in queue.watch(child.job_id)][-1] == (2, "failed")

    receipt = await queue.erase_candidate(candidate_id)

    assert (receipt.erased["jobs"], receipt.erased["workflows"]) == (1, 1)


async def test_what_is_no_id_is_refused_and_an_unknown_one_erases_nothing(api: httpx.AsyncClient) -> None:
    assert (await api.delete("/api/candidates/%3Cscript%3E")).status_code == 422
    unknown = await api.delete(f"/api/candidates/{uuid4()}")
    assert (unknown.status_code, set(unknown.json()["erased"].values())) == (200, {0})


async def test_while_temporal_is_away_nothing_is_half_forgotten(
    queue: EnrichmentQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = queue.for_tenant(f"tenant-{uuid4().hex}")
    await a_job(ours, "cand-1")

    async def away(*_: object) -> bool:
        raise StorageUnavailable("Temporal does not answer: repeat it later")

    with monkeypatch.context() as patch:
        patch.setattr(temporal, "delete", away)
        with pytest.raises(StorageUnavailable):
            await ours.erase_candidate("cand-1")
    assert len((await ours.export_candidate("cand-1")).jobs) == 1, "its rows still say what there is"
    receipt = await ours.erase_candidate("cand-1")
    assert receipt.erased["jobs"] == 1


async def test_the_commands(api: httpx.AsyncClient, queue: EnrichmentQueue, tmp_path: Path) -> None:
    enrich = CommandLine(str(api.base_url), tmp_path)
    candidate_id = f"cand-{uuid4().hex}"
    await a_job(queue, candidate_id)

    assert '"jobs"' in (await enrich("export", candidate_id)).stdout
    assert '"jobs"' in (await enrich("export", candidate_id, "--json")).stdout
    unasked = await enrich("erase", candidate_id)
    assert (unasked.code, "without --yes" in unasked.stderr) == (2, True)
    erased = await enrich("erase", candidate_id, "--yes")
    assert (erased.code, ["jobs", "1"] in erased.lines, ["cancelled", "1"] in erased.lines) == (0, True, True)
