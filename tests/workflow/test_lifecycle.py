"""Order, retries and endings of a job, on a server that skips time."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from enrichment.errors import (
    BudgetExceeded,
    CoolingDown,
    ProviderAuth,
    ProviderOverloaded,
    ProviderRateLimited,
    StorageUnavailable,
)
from enrichment.models import SINGLE_TYPES, JobType
from enrichment.queues import QUEUES, Queue
from enrichment.runs import JobRun
from tests.workflow.script import TASK_QUEUE, Script


def a_run(max_retries: int = 3) -> JobRun:
    return JobRun(job_id=str(uuid4()), run=1, tenant="acme", priority_key=1, max_retries=max_retries)


def overloaded(times: int) -> list[Exception]:
    return [ProviderOverloaded("busy") for _ in range(times)]


async def run_to_the_end(script: Script, job: JobRun, job_type: JobType = JobType.SKILLS_OPTIMIZATION) -> str:
    async with script.worker() as client:
        handle = await client.start_workflow(
            job_type.workflow, job, id=f"enrich-{job.job_id}", task_queue=TASK_QUEUE, result_type=str
        )
        try:
            status: str = await handle.result()
        except WorkflowFailureError:
            return "failed"
    return status


@pytest.mark.parametrize("job_type", SINGLE_TYPES)
async def test_each_type_takes_its_steps_and_the_last_one_ends_it(script: Script, job_type: JobType) -> None:
    assert await run_to_the_end(script, a_run(), job_type) == "completed"

    renders = job_type is JobType.COMPETENCE_FILE_GENERATION
    assert script.calls == (["enrich", "render"] if renders else ["enrich"])


@pytest.mark.parametrize("job_type", SINGLE_TYPES)
async def test_a_step_of_an_earlier_version_leaves_the_ending_to_finish(script: Script, job_type: JobType) -> None:
    script.writes_ending = False

    assert await run_to_the_end(script, a_run(), job_type) == "completed"

    assert script.calls[-1] == "finish"
    assert [ending.status for ending in script.endings] == ["completed"]


def assert_waited(script: Script, waits_s: list[float]) -> None:
    """Between its attempts the job waited for so long, and what a busy machine adds, but never the next longer time."""
    waited = [(later - earlier).total_seconds() for earlier, later in pairwise(script.attempts_at)]
    assert all(wait <= real < wait + max(wait, 3) for wait, real in zip(waits_s, waited, strict=True)), waited


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.band)
async def test_each_queue_retries_as_its_table_says(script: Script, queue: Queue) -> None:
    script.failures = overloaded(queue.max_retries + 1)

    assert await run_to_the_end(script, a_run(queue.max_retries)) == "failed"

    assert_waited(script, [min(2 * 2**n, 60) for n in range(queue.max_retries)])
    assert (script.endings[0].error_code, script.endings[0].error) == ("provider_overloaded", "busy")


async def test_the_wait_never_exceeds_a_minute(script: Script) -> None:
    script.failures = overloaded(8)

    assert await run_to_the_end(script, a_run(max_retries=8)) == "completed"

    assert_waited(script, [2, 4, 8, 16, 32, 60, 60, 60])


async def test_a_provider_that_says_when_to_come_back_is_obeyed(script: Script) -> None:
    script.failures = [ProviderRateLimited("slow down", retry_after=timedelta(seconds=47))]

    assert await run_to_the_end(script, a_run()) == "completed"

    assert_waited(script, [47])


@pytest.mark.parametrize("is_early", [False, True])
async def test_what_is_put_off_is_tried_at_once_when_it_is_woken(script: Script, is_early: bool) -> None:
    """Also where the signal comes before the attempt has told that it is put off."""
    script.failures = [CoolingDown("used up", retry_after=timedelta(hours=9), because=BudgetExceeded)]
    script.holds = is_early
    job = a_run()
    async with script.worker() as client:
        handle = await client.start_workflow(
            JobType.SKILLS_OPTIMIZATION.workflow, job, id=f"enrich-{job.job_id}", task_queue=TASK_QUEUE
        )
        await script.started.wait()
        while not is_early and not await waits(handle):
            await asyncio.sleep(0.05)
        await handle.signal("wake")
        script.holds = False
        assert await handle.result() == "completed"

    (first, second) = script.attempts_at
    assert second - first < timedelta(hours=1)
    assert [job.attempt for job in script.jobs] == [1, 1]


async def waits(handle: WorkflowHandle[Any, Any]) -> bool:
    return any(event.HasField("timer_started_event_attributes") for event in (await handle.fetch_history()).events)


async def test_what_cannot_be_mended_is_not_retried(script: Script) -> None:
    script.failures = [ProviderAuth("wrong key")]

    assert await run_to_the_end(script, a_run()) == "failed"

    assert script.calls == ["enrich", "finish"]
    assert script.endings[0].error_code == "provider_auth"


async def test_a_job_that_ended_before_takes_no_further_step(script: Script) -> None:
    script.is_ours = False

    status = await run_to_the_end(script, a_run(), JobType.COMPETENCE_FILE_GENERATION)

    assert status == "superseded"
    assert script.calls == ["enrich", "finish"]


async def test_the_cancel_signal_stops_the_work_and_then_writes_the_ending(script: Script) -> None:
    script.holds = True
    job = a_run()
    async with script.worker() as client:
        handle = await client.start_workflow(
            JobType.SKILLS_OPTIMIZATION.workflow, job, id=f"enrich-{job.job_id}", task_queue=TASK_QUEUE
        )
        await script.started.wait()
        await handle.signal("cancel", "the candidate withdrew")
        assert await handle.result() == "cancelled"

    assert script.calls == ["enrich", "stopped", "finish"]
    assert script.endings[0].error == "the candidate withdrew"


async def test_a_cancel_signal_before_the_first_step_runs_no_step(script: Script) -> None:
    job = a_run()
    handle = await script.env.client.start_workflow(
        JobType.SKILLS_OPTIMIZATION.workflow,
        job,
        id=f"enrich-{job.job_id}",
        task_queue=TASK_QUEUE,
        start_signal="cancel",
        start_signal_args=["too late"],
    )
    async with script.worker():
        assert await handle.result() == "cancelled"

    assert script.calls == ["finish"]


async def test_an_operator_who_cancels_in_temporal_ends_the_row_too(script: Script) -> None:
    script.holds = True
    job = a_run()
    async with script.worker() as client:
        handle = await client.start_workflow(
            JobType.SKILLS_OPTIMIZATION.workflow, job, id=f"enrich-{job.job_id}", task_queue=TASK_QUEUE
        )
        await script.started.wait()
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

    assert script.calls == ["enrich", "stopped", "finish"]
    assert (script.endings[0].status, script.endings[0].error) == ("cancelled", "cancelled in Temporal")


async def test_an_attempt_that_the_database_has_put_off_does_not_count(script: Script) -> None:
    script.failures = [StorageUnavailable("no answer"), StorageUnavailable("no answer")]

    assert await run_to_the_end(script, a_run(max_retries=0)) == "completed"

    assert [job.attempt for job in script.jobs] == [1, 1, 1]
    assert_waited(script, [1, 1])


async def test_a_later_attempt_goes_on_from_the_milestone_that_an_earlier_one_has_reached(script: Script) -> None:
    script.failures, script.milestone = overloaded(1), 60

    await run_to_the_end(script, a_run())

    assert [(job.attempt, job.milestone) for job in script.jobs] == [(1, 0), (2, 60)]


async def test_an_attempt_that_was_lost_counts_among_those_that_failed(script: Script) -> None:
    script.silent, script.failures = 1, overloaded(5)

    assert await run_to_the_end(script, a_run(max_retries=3)) == "failed"

    assert [job.attempt for job in script.jobs] == [1, 2, 3, 4]
    assert_waited(script, [1, 4, 8])


async def test_an_attempt_that_is_not_heard_of_is_made_again_at_once_and_counts(script: Script) -> None:
    script.silent = 1

    assert await run_to_the_end(script, a_run()) == "completed"

    assert [job.attempt for job in script.jobs] == [1, 2]
    first, second = script.attempts_at
    assert (second - first) < timedelta(seconds=4)


async def test_a_job_whose_workers_always_die_fails(script: Script) -> None:
    script.silent = 2

    assert await run_to_the_end(script, a_run(max_retries=1)) == "failed"

    assert script.endings[0].error_code == "internal"


async def test_a_failed_job_is_found_among_temporals_failures_under_its_code(script: Script) -> None:
    script.failures = [ProviderAuth("wrong key")]
    job = a_run()
    async with script.worker() as client:
        with pytest.raises(WorkflowFailureError) as failure:
            await client.execute_workflow(
                JobType.SKILLS_OPTIMIZATION.workflow, job, id=f"enrich-{job.job_id}", task_queue=TASK_QUEUE
            )

    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.message) == ("provider_auth", "wrong key")
