"""Order and endings of a bulk's lanes, on a server that skips time."""

from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError

from enrichment.models import JobType
from enrichment.runs import BulkRun, Slice
from tests.workflow.script import TASK_QUEUE, Script

BULK = JobType.BULK_CANDIDATE_ENRICHMENT.workflow
MORE = Slice(is_left=True)


async def start(client: Client) -> WorkflowHandle[object, str]:
    bulk = BulkRun(job_id=str(uuid4()), run=1, tenant="acme", priority_key=1, max_retries=3)
    return await client.start_workflow(BULK, bulk, id=f"enrich-{bulk.job_id}", task_queue=TASK_QUEUE, result_type=str)


async def test_every_lane_runs_until_nothing_is_left(script: Script) -> None:
    script.lanes, script.slices = 3, {0: [MORE, MORE], 2: [MORE]}
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls[0] == "open_bulk"
    assert sorted(script.calls[1:-1]) == ["lane 0", "lane 0", "lane 0", "lane 1", "lane 2", "lane 2"]
    assert script.calls[-1] == "close_bulk"
    assert script.most_at_once <= 3


async def test_a_lane_waits_for_what_is_not_due(script: Script) -> None:
    script.lanes, script.slices = 1, {0: [Slice(is_left=True, wait_s=30.0)]}
    before = await script.env.get_current_time()
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls.count("lane 0") == 2
    assert (await script.env.get_current_time() - before).total_seconds() >= 30


async def test_lanes_are_added_for_slots_that_come_later(script: Script) -> None:
    script.lanes, script.slices = 1, {0: [Slice(is_left=True, lanes=3)]}
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert {"lane 0", "lane 1", "lane 2"} <= set(script.calls)


async def test_a_lane_that_breaks_does_not_break_the_others(script: Script) -> None:
    script.lanes = 3
    script.slices = {1: [ApplicationError("a bug", type="internal", non_retryable=True)], 2: [MORE]}
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls.count("lane 2") == 2
    assert script.calls[-1] == "close_bulk"


async def test_a_bulk_that_ended_before_runs_no_lane(script: Script) -> None:
    script.is_ours = False
    async with script.worker() as client:
        assert await (await start(client)).result() == "superseded"

    assert script.calls == ["open_bulk", "close_bulk"]


async def test_the_cancel_signal_stops_every_lane_before_the_ending(script: Script) -> None:
    script.lanes, script.holds = 3, True
    async with script.worker() as client:
        handle = await start(client)
        await script.started.wait()
        await handle.signal("cancel", "enough")
        assert await handle.result() == "cancelled"

    assert script.running == 0
    assert script.calls[-1] == "close_bulk"
    assert script.endings[0].error == "enough"


async def test_a_long_bulk_goes_on_as_a_new_run_when_every_lane_has_stopped(script: Script) -> None:
    script.events_per_run, script.slices = 30, {0: [MORE] * 12, 1: [MORE] * 5}
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls.count("open_bulk") >= 2
    assert script.calls.count("lane 0") >= 13
    assert script.calls.count("close_bulk") == 1


async def test_the_canaries_run_first_and_the_others_follow_when_they_are_approved(script: Script) -> None:
    script.lanes, script.canaries_until, script.verdicts = 1, "an id", [False]
    async with script.worker() as client:
        handle = await start(client)
        await script.started.wait()
        await handle.signal("approve")
        assert await handle.result() == "completed"

    assert script.calls == ["open_bulk", "canary lane 0", "judge", "judge", "lane 0", "close_bulk"]


async def test_an_approval_whose_signal_was_lost_is_seen_all_the_same(script: Script) -> None:
    script.lanes, script.canaries_until, script.verdicts = 1, "an id", [False, False]
    before = await script.env.get_current_time()
    async with script.worker() as client:
        assert await (await start(client)).result() == "completed"

    assert script.calls.count("judge") == 3
    assert (await script.env.get_current_time() - before).total_seconds() >= 1_200


async def test_a_bulk_that_waits_for_approval_can_be_cancelled(script: Script) -> None:
    script.lanes, script.canaries_until, script.verdicts = 1, "an id", [False] * 9
    async with script.worker() as client:
        handle = await start(client)
        await script.judged.wait()
        await handle.signal("cancel", "the canaries look bad")
        assert await handle.result() == "cancelled"

    assert script.calls == ["open_bulk", "canary lane 0", "judge", "close_bulk"]


async def test_a_lane_whose_answer_crosses_the_cancel_does_not_go_on(script: Script) -> None:
    """The SDK hands out the answer of an activity that ended before it heard of the cancel, and forgets the cancel."""
    script.lanes, script.holds, script.is_deaf, script.slices = 1, True, True, {0: [MORE] * 3}
    async with script.worker() as client:
        handle = await start(client)
        await script.started.wait()
        await handle.signal("cancel", "enough")
        assert await handle.result() == "cancelled"

    assert script.calls == ["open_bulk", "lane 0", "stopped", "close_bulk"]
