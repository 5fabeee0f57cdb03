"""Records the histories that `test_replay` holds the workflows against: `python -m tests.workflow.record`.

Run it when a workflow is new, or takes a new way; what is recorded is left as it is. Never record anew to make a replay
pass: a history that does not replay is a run of a customer that would get stuck. Guard the change with
`workflow.patched` instead.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from enrichment.errors import ProviderAuth, ProviderOverloaded, ProviderRateLimited, StorageUnavailable
from enrichment.models import SINGLE_TYPES, JobType
from enrichment.runs import BulkRun, JobRun, Slice
from tests.workflow.script import TASK_QUEUE, Script, server

HISTORIES = Path(__file__).parent / "histories"


def _job(name: str) -> JobRun:
    return JobRun(job_id=name, run=1, tenant="acme", priority_key=1, max_retries=2)


def _finished(script: Script) -> None:
    """As before steps could write an ending."""
    script.writes_ending = False


def _troubled(script: Script) -> None:
    script.milestone = 40
    script.failures = [
        ProviderOverloaded("busy"),
        StorageUnavailable("no answer"),
        ProviderRateLimited("slow down", retry_after=timedelta(seconds=9)),
    ]


def _failing(script: Script) -> None:
    script.failures = [ProviderAuth("wrong key")]


def _sliced(script: Script) -> None:
    script.events_per_run, script.canaries_until, script.verdicts = 40, "the last canary", [False]
    script.slices = {0: [Slice(is_left=True, lanes=3), Slice(is_left=True, wait_s=5.0)] * 2}


async def record(env: WorkflowEnvironment) -> None:
    before = [(job_type.value, job_type, _finished) for job_type in SINGLE_TYPES]
    singles = [(f"{job_type}@ended", job_type, lambda _: None) for job_type in SINGLE_TYPES]
    troubles: list[tuple[str, JobType, Callable[[Script], None]]] = [
        *before,
        *singles,
        ("troubled", JobType.SKILLS_OPTIMIZATION, _troubled),
        ("failed", JobType.SKILLS_OPTIMIZATION, _failing),
    ]
    for name, job_type, prepare in troubles:
        script = Script(env)
        prepare(script)
        async with script.worker() as client:
            workflow_id = name.partition("@")[0]
            job = _job(workflow_id)
            handle = await client.start_workflow(job_type.workflow, job, id=workflow_id, task_queue=TASK_QUEUE)
            with contextlib.suppress(WorkflowFailureError):
                await handle.result()
            await _save(name, handle)

    script = Script(env, holds=True)
    async with script.worker() as client:
        handle = await client.start_workflow(
            JobType.SKILLS_OPTIMIZATION.workflow, _job("cancelled"), id="cancelled", task_queue=TASK_QUEUE
        )
        await script.started.wait()
        await handle.signal("cancel", "withdrawn")
        await handle.result()
        await _save("cancelled", handle)

    script = Script(env)
    _sliced(script)
    bulk = BulkRun(**_job("bulk").model_dump())
    async with script.worker() as client:
        handle = await client.start_workflow(
            JobType.BULK_CANDIDATE_ENRICHMENT.workflow, bulk, id="bulk", task_queue=TASK_QUEUE
        )
        await handle.result()
        first = client.get_workflow_handle("bulk", run_id=handle.first_execution_run_id)
        await _save("bulk", first)
        await _save("bulk@continued", client.get_workflow_handle("bulk"))


async def _save(name: str, handle: "WorkflowHandle[object, object]") -> None:
    file = HISTORIES / f"{name}.json"
    if not file.exists():
        file.write_text((await handle.fetch_history()).to_json() + "\n")


async def main() -> None:
    HISTORIES.mkdir(exist_ok=True)
    async with server() as env:
        await record(env)


if __name__ == "__main__":
    asyncio.run(main())
    os._exit(0)  # Temporal's runtime aborts now and then while the interpreter shuts down
