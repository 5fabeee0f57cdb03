"""Order and endings of a bulk's batches, on a server that skips time."""

from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError

from enrichment.models import JobType
from enrichment.runs import BulkRun, Slice
from tests.workflow.script import TASK_QUEUE, Script

BULK = JobType.BULK_CANDIDATE_ENRICHMENT.workflow


async def start(client: Client) -> WorkflowHandle[object, str]:
    bulk = BulkRun(job_id=str(uuid4()), run=1, tenant="acme", priority_key=1, max_retries=3)
    return await client.start_workflow(BULK, bulk, id=f"enrich-{bulk.job_id}", task_queue=TASK_QUEUE, result_type=str)


async def test_every_batch_runs_once_and_no_more_at_a_time_than_there_are_slots(script: Script) -> None:
    script.batches, script.at_once = 7, 2
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls[0] == "open_bulk"
    assert sorted(script.calls[1:-1]) == [f"batch {number}" for number in range(7)]
    assert script.calls[-1] == "close_bulk"
    assert script.most_at_once <= 2


async def test_a_batch_comes_again_for_what_is_left_and_waits_for_what_is_not_due(script: Script) -> None:
    script.batches = 1
    script.slices = {0: [Slice(left=10), Slice(left=1, wait_s=30.0)]}
    before = await script.env.get_current_time()
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls.count("batch 0") == 3
    assert (await script.env.get_current_time() - before).total_seconds() >= 30


async def test_a_batch_that_breaks_does_not_break_the_others(script: Script) -> None:
    script.slices = {1: [ApplicationError("a bug", type="internal", non_retryable=True)]}
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert {"batch 0", "batch 1", "batch 2", "close_bulk"} <= set(script.calls)


async def test_a_bulk_that_ended_before_runs_no_batch(script: Script) -> None:
    script.is_ours = False
    async with script.worker() as client:
        assert await (await start(client)).result() == "superseded"

    assert script.calls == ["open_bulk", "close_bulk"]


async def test_the_cancel_signal_stops_every_batch_before_the_ending(script: Script) -> None:
    script.batches, script.at_once, script.holds = 4, 3, True
    async with script.worker() as client:
        handle = await start(client)
        await script.started.wait()
        await handle.signal("cancel", "enough")
        assert await handle.result() == "cancelled"

    assert script.running == 0
    assert script.calls[-1] == "close_bulk"
    assert script.endings[0].error == "enough"


async def test_a_long_bulk_goes_on_as_a_new_run_and_repeats_no_batch(script: Script) -> None:
    script.batches, script.per_run = 5, 2
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls.count("open_bulk") == 3
    assert sorted(call for call in script.calls if call.startswith("batch")) == [f"batch {n}" for n in range(5)]
