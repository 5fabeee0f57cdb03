"""Production runs workflows without the SDK's sandbox. Here each runs in the whole of it, those of this file too."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError

from enrichment.runs import DELIVER_WEBHOOK, Activity, Cleaned, DeliveryRun, Swept
from tests.workflow.script import TASK_QUEUE, WHOLE_SANDBOX
from worker.registry import MAINTENANCE_WORKFLOWS, WEBHOOK_WORKFLOWS

SWEPT = Swept(looked_at=3, dispatched_again=1, failed=1)
CLEANED = Cleaned(deleted_jobs=5, deleted_progress=4)
DELIVERY = DeliveryRun(job_id="a-job", run=2)


@activity.defn(name=Activity.SWEEP)
async def sweep() -> Swept:
    return SWEPT


@activity.defn(name=Activity.CLEAN_UP)
async def clean_up(days: int) -> Cleaned:
    assert days == 30
    return CLEANED


@activity.defn(name=Activity.DELIVER)
async def deliver(delivery: DeliveryRun) -> str:
    assert delivery == DELIVERY
    return "delivered"


@workflow.defn
class LooksAtTheClock:
    @workflow.run
    async def run(self) -> str:
        return datetime.now().isoformat()  # noqa: DTZ005 what no workflow may do


async def run(env: WorkflowEnvironment, name: str, *arguments: Any, shape: type[Any] | None = None) -> Any:
    activities: list[Callable[..., Any]] = [sweep, clean_up, deliver]
    workflows = [*MAINTENANCE_WORKFLOWS, *WEBHOOK_WORKFLOWS, LooksAtTheClock]
    async with Worker(
        env.client, task_queue=TASK_QUEUE, workflows=workflows, activities=activities, workflow_runner=WHOLE_SANDBOX,
        workflow_failure_exception_types=[Exception],
    ):  # fmt: skip
        return await env.client.execute_workflow(
            name, args=arguments, id=str(uuid4()), task_queue=TASK_QUEUE, result_type=shape
        )


async def test_the_sweeper_and_the_cleanup_see_no_clock_and_no_chance(env: WorkflowEnvironment) -> None:
    assert await run(env, "Sweep", shape=Swept) == SWEPT
    assert await run(env, "CleanUp", 30, shape=Cleaned) == CLEANED


async def test_a_delivery_sees_no_clock_and_no_chance(env: WorkflowEnvironment) -> None:
    assert await run(env, DELIVER_WEBHOOK, DELIVERY, shape=str) == "delivered"


async def test_the_sandbox_tells_of_a_workflow_that_looks_at_the_clock(env: WorkflowEnvironment) -> None:
    with pytest.raises(WorkflowFailureError) as failed:
        await run(env, "LooksAtTheClock")
    assert RestrictedWorkflowAccessError.__name__ in repr(failed.value.__cause__)
