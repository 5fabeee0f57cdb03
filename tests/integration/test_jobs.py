"""Jobs on the real stack, through the Python interface: from the row by way of Temporal to the ending."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client, ScheduleOverlapPolicy, WorkflowExecutionStatus, WorkflowFailureError

from enrichment import temporal
from enrichment.db import Database
from enrichment.documents.formats import Format
from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.rules import RulesEnricher
from enrichment.errors import Conflict, InvalidInput
from enrichment.events import WORK_UNFORESEEN, JsonFormatter
from enrichment.jobs import queries
from enrichment.models import SINGLE_TYPES, Job, JobStatus, JobType, Options, Rehearsal, Submission
from enrichment.queues import QUEUES, Queue
from enrichment.results import RESULTS, Result
from enrichment.runs import JobRun
from enrichment.search_attributes import SEARCH_ATTRIBUTES
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings

pytestmark = pytest.mark.usefixtures("worker")

CANDIDATE: dict[str, Any] = {
    "basics": {"name": "Ada Example", "label": "Engineer"},
    "work": [{"name": "Example Ltd", "position": "Engineer", "startDate": "2020-01", "summary": "Python and SQL"}],
    "skills": [{"name": "python"}, {"name": "Postgres"}],
}


@pytest.fixture(scope="module")
async def client(settings: Settings) -> Client:
    return await temporal.connect(settings)


async def submit(queue: EnrichmentQueue, **changes: Any) -> str:
    values = {"type": JobType.SKILLS_OPTIMIZATION, "candidate_data": CANDIDATE, "priority": "critical", **changes}
    return (await queue.add_job(Submission(**values))).id


async def end_of(queue: EnrichmentQueue, job_id: str) -> Job:
    async with asyncio.timeout(30):
        return [job async for job in queue.watch(job_id)][-1]


async def until_running(queue: EnrichmentQueue, job_id: str) -> Job:
    async with asyncio.timeout(30):
        async for job in queue.watch(job_id):
            if job.status is not JobStatus.PENDING:
                return job
    raise AssertionError("the job was not watched to its end")


@pytest.mark.parametrize("job_type", SINGLE_TYPES)
async def test_each_type_enriches_every_public_resume(
    queue: EnrichmentQueue, resumes: dict[str, dict[str, Any]], job_type: JobType
) -> None:
    ids = [await submit(queue, type=job_type, candidate_data=resume) for resume in resumes.values()]

    jobs = await asyncio.gather(*(end_of(queue, job_id) for job_id in ids))

    for name, job in zip(resumes, jobs, strict=True):
        assert job.status is JobStatus.COMPLETED, (name, job.error)
        result = RESULTS[job_type].model_validate(job.result)
        assert result.faithfulness.score == 1.0, name


async def test_a_bulk_enriches_every_public_resume(queue: EnrichmentQueue, resumes: dict[str, dict[str, Any]]) -> None:
    options = Options(batch_size=5, type=JobType.COMPETENCE_FILE_GENERATION)
    job_id = await submit(
        queue,
        type=JobType.BULK_CANDIDATE_ENRICHMENT,
        candidate_data=None,
        candidates=list(resumes.values()),
        options=options,
    )

    job = await end_of(queue, job_id)

    assert job.status is JobStatus.COMPLETED
    assert job.result == {
        "total": len(resumes),
        "completed": len(resumes),
        "failed": 0,
        "cancelled": 0,
        "skipped": 0,
        "cost": 0,
        "failedJobIds": [],
        "errorGroups": [],
        "usage": {"inputTokens": 0, "outputTokens": 0, "costUsd": 0},
    }
    children = await queue.list_jobs(queries.Filter(parent_id=job_id))
    assert {child.status for child in children.jobs} == {JobStatus.COMPLETED}
    document = await queue.get_document(children.jobs[0].job_id, Format.MD)
    assert document.startswith(b"#")


@pytest.mark.parametrize("queue_", QUEUES, ids=lambda queue: queue.band)
async def test_a_priority_decides_the_task_queue_and_the_retries(
    queue: EnrichmentQueue, client: Client, queue_: Queue
) -> None:
    for priority in {queue_.band, queue_.lowest, queue_.highest}:
        job_id = await submit(queue, priority=priority)
        job = await end_of(queue, job_id)
        assert (job.queue, job.max_retries) == (queue_.task_queue, queue_.max_retries)
        description = await temporal.handle(client, job_id, 1).describe()
        assert description.task_queue == queue_.task_queue


async def test_temporal_shows_an_operator_what_a_run_is_about_and_nothing_of_the_candidate(
    queue: EnrichmentQueue, client: Client
) -> None:
    secret = "canary-7f3e"
    job_id = await submit(queue, candidate_id="cand-1", candidate_data={**CANDIDATE, "basics": {"name": secret}})
    await end_of(queue, job_id)

    handle = temporal.handle(client, job_id, 1)
    await handle.result()
    description = await handle.describe()
    attributes = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert {name: attributes[name] for name in SEARCH_ATTRIBUTES} == {
        "JobType": "skills_optimization",
        "JobPriority": 20,
        "JobStatus": "completed",
        "JobTenant": "default",
        "CandidateId": "cand-1",
    }
    assert await description.static_summary() == "skills optimization · critical (20) · run 1"
    assert secret not in (await handle.fetch_history()).to_json()


async def test_progress_rises_and_ends_at_a_hundred(queue: EnrichmentQueue) -> None:
    job_id = await submit(queue, options=Options(rehearse=Rehearsal(stage_ms=400)))

    seen = [job.progress.percentage async for job in queue.watch(job_id) if job.progress]

    assert seen == sorted(seen)
    assert len(set(seen)) >= 4
    assert seen[-1] == 100


async def test_a_transient_failure_is_retried_and_shown_meanwhile(queue: EnrichmentQueue) -> None:
    rehearsal = Rehearsal(fail_code="provider_overloaded", fail_attempts=1)
    job_id = await submit(queue, options=Options(rehearse=rehearsal))

    seen = [job async for job in queue.watch(job_id)]

    waiting = next(job for job in seen if job.progress and job.progress.stage == "retrying")
    assert waiting.progress is not None
    assert waiting.progress.message == "Retry 1 of 5 in 2 s: The model's provider is overloaded"
    assert (waiting.status, waiting.error_code) == (JobStatus.IN_PROGRESS, "provider_overloaded")
    end = seen[-1]
    assert (end.status, end.retry_count, end.error, end.error_code) == (JobStatus.COMPLETED, 1, None, None)


async def test_when_the_retries_are_used_up_the_job_fails_with_its_last_error(queue: EnrichmentQueue) -> None:
    rehearsal = Rehearsal(fail_code="provider_timeout", fail_attempts=9)
    job_id = await submit(queue, max_retries=1, options=Options(rehearse=rehearsal))

    end = await end_of(queue, job_id)

    assert (end.status, end.error_code, end.retry_count) == (JobStatus.FAILED, "provider_timeout", 1)


async def test_what_cannot_be_mended_fails_at_once(queue: EnrichmentQueue) -> None:
    job_id = await submit(queue, options=Options(rehearse=Rehearsal(fail_code="provider_auth", fail_attempts=9)))

    end = await end_of(queue, job_id)

    assert (end.status, end.error_code, end.retry_count) == (JobStatus.FAILED, "provider_auth", 0)


async def test_a_failed_job_is_retried_as_the_next_run(queue: EnrichmentQueue) -> None:
    rehearsal = Rehearsal(fail_code="content_refused", fail_attempts=1)
    job_id = await submit(queue, options=Options(rehearse=rehearsal))
    await end_of(queue, job_id)

    retried = await queue.retry_job(job_id)
    end = await end_of(queue, job_id)

    assert (retried.run, retried.status) == (2, JobStatus.PENDING)
    assert (end.status, end.run) == (JobStatus.FAILED, 2)  # a rehearsal counts the attempts of each run anew
    assert end.retry_count == 1
    changes = [(event.run, event.to_status) for event in await queue.list_events(job_id)]
    assert changes == [
        (1, JobStatus.PENDING), (1, JobStatus.IN_PROGRESS), (1, JobStatus.FAILED),
        (2, JobStatus.PENDING), (2, JobStatus.IN_PROGRESS), (2, JobStatus.FAILED),
    ]  # fmt: skip


async def test_cancelling_before_the_start_ends_the_job_for_good(queue: EnrichmentQueue) -> None:
    job_id = await submit(queue, run_at=datetime.now(UTC) + timedelta(hours=1))

    job = await queue.cancel_job(job_id, reason="withdrawn")

    assert (job.status, job.error, job.started_at) == (JobStatus.CANCELLED, "withdrawn", None)


async def test_cancelling_a_running_job_stops_its_work(queue: EnrichmentQueue, client: Client) -> None:
    job_id = await submit(queue, options=Options(rehearse=Rehearsal(stage_ms=60_000)))
    await until_running(queue, job_id)

    job = await queue.cancel_job(job_id)

    assert job.status is JobStatus.CANCELLED
    async with asyncio.timeout(30):
        assert await temporal.handle(client, job_id, 1).result() == "cancelled"
    assert (await end_of(queue, job_id)).status is JobStatus.CANCELLED


async def test_cancelling_a_completed_job_is_a_conflict(queue: EnrichmentQueue) -> None:
    job_id = await submit(queue)
    await end_of(queue, job_id)

    with pytest.raises(Conflict, match="The job is completed"):
        await queue.cancel_job(job_id)
    with pytest.raises(Conflict, match="only a failed, cancelled or rejected job"):
        await queue.retry_job(job_id)


async def test_a_bulk_with_failing_children_names_them_and_retries_only_those(queue: EnrichmentQueue) -> None:
    rehearsal = Rehearsal(fail_code="provider_auth", fail_attempts=9)
    job_id = await submit(
        queue,
        type=JobType.BULK_CANDIDATE_ENRICHMENT,
        candidate_data=None,
        candidates=[CANDIDATE] * 3,
        options=Options(rehearse=rehearsal),
    )

    end = await end_of(queue, job_id)

    assert (end.status, end.error_code) == (JobStatus.FAILED, "provider_auth")
    assert end.error == "All 3 candidates failed"
    await queue.retry_job(job_id)
    assert (await end_of(queue, job_id)).run == 2
    children = await queue.list_jobs(queries.Filter(parent_id=job_id))
    assert {(child.status, child.run) for child in children.jobs} == {(JobStatus.FAILED, 2)}


async def test_cancelling_a_bulk_cancels_what_waits_and_stops_what_runs(queue: EnrichmentQueue, client: Client) -> None:
    job_id = await submit(
        queue,
        type=JobType.BULK_CANDIDATE_ENRICHMENT,
        candidate_data=None,
        candidates=[CANDIDATE] * 20,
        options=Options(batch_size=5, rehearse=Rehearsal(stage_ms=60_000)),
    )
    await until_running(queue, job_id)

    await queue.cancel_job(job_id)

    async with asyncio.timeout(30):
        await temporal.handle(client, job_id, 1).result()
    children = await queue.list_jobs(queries.Filter(parent_id=job_id))
    assert {child.status for child in children.jobs} == {JobStatus.CANCELLED}


async def test_a_child_that_is_retried_alone_brings_its_bulk_up_to_date(
    queue: EnrichmentQueue, database: Database
) -> None:
    job_id = await submit(
        queue, type=JobType.BULK_CANDIDATE_ENRICHMENT, candidate_data=None, candidates=[CANDIDATE] * 2,
        options=Options(rehearse=Rehearsal(stage_ms=500), batch_size=1),
    )  # fmt: skip
    await until_running(queue, job_id)
    child = (await queue.list_jobs(queries.Filter(parent_id=job_id))).jobs[0].job_id
    await queue.cancel_job(child)
    bulk = await end_of(queue, job_id)
    assert bulk.result is not None
    assert (bulk.result["completed"], bulk.result["cancelled"]) == (1, 1)

    await queue.retry_job(child)
    assert (await end_of(queue, child)).status is JobStatus.COMPLETED

    bulk = await queue.get_job_status(job_id)
    assert bulk.result is not None
    assert (bulk.result["completed"], bulk.result["cancelled"]) == (2, 0)


async def test_the_same_key_gives_the_same_job_and_refuses_another_body(queue: EnrichmentQueue) -> None:
    request = Submission(type=JobType.SKILLS_OPTIMIZATION, candidate_data=CANDIDATE)
    first = await queue.add_job(request, idempotency_key="key-1")
    again = await queue.add_job(request, idempotency_key="key-1")
    assert (again.id, again.is_new) == (first.id, False)

    other = Submission(type=JobType.SKILLS_OPTIMIZATION, candidate_data={})
    with pytest.raises(InvalidInput, match="another submission"):
        await queue.add_job(other, idempotency_key="key-1")


async def test_a_run_that_was_terminated_in_temporal_fails_its_row_at_the_next_sweep(
    queue: EnrichmentQueue, client: Client, database: Database
) -> None:
    job_id = await submit(queue, options=Options(rehearse=Rehearsal(stage_ms=60_000)))
    await until_running(queue, job_id)
    handle = temporal.handle(client, job_id, 1)
    await handle.terminate("an operator's mistake")
    assert (await handle.describe()).status is WorkflowExecutionStatus.TERMINATED
    aged = text("UPDATE enrichment_job SET checked_at = now() - interval '1 hour' WHERE id = :id")
    await database.execute(aged, {"id": job_id})

    await client.get_schedule_handle("enrichment-sweep").trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)

    end = await end_of(queue, job_id)
    assert (end.status, end.error_code) == (JobStatus.FAILED, "internal")


async def test_the_health_of_the_whole_stack(queue: EnrichmentQueue) -> None:
    async with asyncio.timeout(20):
        while (await queue.check_health()).workers == 0:
            await asyncio.sleep(0.1)
    health = await queue.check_health()
    assert (health.status, health.redis, health.database, health.temporal) == ("healthy", "up", "up", "up")
    assert health.queues["critical"].slots == 5


async def sweep(client: Client, database: Database, change: str, job_id: str) -> None:
    """Changes a row by hand, then lets the sweeper come round."""
    await database.execute(text(f"UPDATE enrichment_job SET {change} WHERE id = :id"), {"id": job_id})
    await client.get_schedule_handle("enrichment-sweep").trigger(overlap=ScheduleOverlapPolicy.BUFFER_ONE)


LONG = Options(rehearse=Rehearsal(stage_ms=60_000))
UNSEEN = "checked_at = now() - interval '1 hour'"


async def test_a_job_past_its_deadline_fails_and_its_work_stops(
    queue: EnrichmentQueue, client: Client, database: Database
) -> None:
    job_id = await submit(queue, options=LONG)
    await until_running(queue, job_id)

    await sweep(client, database, f"{UNSEEN}, started_at = now() - interval '3 hours'", job_id)

    end = await end_of(queue, job_id)
    assert (end.status, end.error) == (JobStatus.FAILED, "It was not done by its deadline: retry the job")
    async with asyncio.timeout(30):
        with pytest.raises(WorkflowFailureError):
            await temporal.handle(client, job_id, 1).result()


async def test_a_job_whose_run_temporal_has_lost_is_dispatched_again(
    queue: EnrichmentQueue, client: Client, database: Database
) -> None:
    job_id = await submit(queue, run_at=datetime.now(UTC) + timedelta(hours=1))

    await sweep(client, database, f"{UNSEEN}, run_at = NULL, dispatched_at = now()", job_id)

    assert (await end_of(queue, job_id)).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("payload = '[1]'", "invalid_input"),
        ("options = '{\"asOf\": 5}'", "invalid_input"),
        ("type = 'horoscope'", "unsupported_type"),
        ("queue = 'enrichment-urgent', created_at = now() - interval '1 hour'", "unsupported_type"),
    ],
)
async def test_a_row_that_was_changed_by_hand_fails_with_a_clear_code_and_blocks_nobody(
    queue: EnrichmentQueue, client: Client, database: Database, change: str, code: str
) -> None:
    job_id = await submit(queue, run_at=datetime.now(UTC) + timedelta(hours=1))

    await sweep(client, database, f"{change}, run_at = NULL", job_id)

    end = await end_of(queue, job_id)
    assert (end.status, end.error_code) == (JobStatus.FAILED, code)
    assert (await end_of(queue, await submit(queue))).status is JobStatus.COMPLETED
    assert job_id in {job.job_id for job in (await queue.list_jobs(queries.Filter())).jobs}
    await queue.get_stats()


async def test_a_job_whose_code_always_raises_fails_without_a_word_of_its_data_and_blocks_nobody(
    queue: EnrichmentQueue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = RulesEnricher.enrich

    async def enrich(self: RulesEnricher, task: Task, report: Report) -> Result:
        if task.candidate.get("poison"):
            raise KeyError(task.candidate["poison"])
        return await original(self, task, report)

    monkeypatch.setattr(RulesEnricher, "enrich", enrich)
    job_id = await submit(queue, candidate_data={"poison": "Ada Byron"}, max_retries=1)

    assert (await end_of(queue, await submit(queue))).status is JobStatus.COMPLETED
    end = await end_of(queue, job_id)
    assert (end.status, end.error_code) == (JobStatus.FAILED, "internal")
    assert end.error == "The work failed unexpectedly (KeyError)"
    told = [event.model_dump_json() for event in await queue.list_events(job_id)]
    logged = [JsonFormatter().format(record) for record in caplog.records]
    assert [line for line in told + logged if "Ada" in line] == []
    [unforeseen] = [json.loads(line) for line in logged if WORK_UNFORESEEN.name in line]
    assert (unforeseen["job_id"], unforeseen["error"]) == (job_id, "KeyError")
    assert unforeseen["where"].startswith("tests/integration/test_jobs.py:")


async def test_a_tenant_with_a_long_name_shares_the_queues_as_others_do(queue: EnrichmentQueue) -> None:
    tenant = queue.for_tenant("t" * 100)

    assert (await end_of(tenant, await submit(tenant))).status is JobStatus.COMPLETED


async def test_a_job_that_temporal_refuses_for_good_fails_and_blocks_nobody(
    queue: EnrichmentQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobRun, "fairness_key", property(lambda run: run.tenant))
    tenant = queue.for_tenant("t" * 65)

    end = await end_of(tenant, await submit(tenant))

    assert (end.status, end.error_code) == (JobStatus.FAILED, "internal")
    assert end.error == "Temporal refuses to start this job's workflow"


async def test_a_result_of_three_megabytes_is_a_result(queue: EnrichmentQueue) -> None:
    work = [{"name": f"Example {n}", "position": "Engineer", "summary": "é" * 19_000} for n in range(180)]

    end = await end_of(queue, await submit(queue, type=JobType.EXPERIENCE_ENHANCEMENT, candidate_data={"work": work}))

    assert end.status is JobStatus.COMPLETED
    assert len(json.dumps(end.result)) > 3_000_000


async def test_an_operator_who_cancels_a_bulk_in_temporal_cancels_its_jobs_too(
    queue: EnrichmentQueue, client: Client
) -> None:
    job_id = await submit(
        queue,
        type=JobType.BULK_CANDIDATE_ENRICHMENT,
        candidate_data=None,
        candidates=[CANDIDATE] * 4,
        options=Options(batch_size=1, rehearse=Rehearsal(stage_ms=60_000)),
    )
    await until_running(queue, job_id)

    await temporal.handle(client, job_id, 1).cancel()

    assert (await end_of(queue, job_id)).status is JobStatus.CANCELLED
    children = await queue.list_jobs(queries.Filter(parent_id=job_id))
    assert {child.status for child in children.jobs} == {JobStatus.CANCELLED}
