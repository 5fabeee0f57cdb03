"""The least that a durable job on Temporal can be: a workflow with one empty activity, started eagerly.

`python -m benchmarks.peers.workflow ADDRESS` prints READY, then answers each line `N` with the seconds N of them took.
No row, no progress, no sandbox, one queue, the starter inside the worker: a limit, not a product.
"""

import asyncio
import os
import sys
import time
import uuid
from datetime import timedelta

import uvloop
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from enrichment.queues import QUEUES

TASK_QUEUE = "peer-workflow"
AT_ONCE = sum(queue.slots for queue in QUEUES)
"""As many as the product has slots: twice as many at a time cost a third less each."""
TIMEOUT = timedelta(seconds=30)


@activity.defn
async def nothing(_: str) -> None:
    return


@workflow.defn
class OneActivity:
    @workflow.run
    async def run(self, job_id: str) -> None:
        await workflow.execute_activity(nothing, job_id, start_to_close_timeout=TIMEOUT)


async def run(client: Client, count: int) -> float:
    """Seconds from the first start to the last end."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with places:
            job_id = str(uuid.uuid4())
            await client.execute_workflow(
                OneActivity.run, job_id, id=job_id, task_queue=TASK_QUEUE, request_eager_start=True
            )

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - began


async def main(address: str) -> None:
    client = await Client.connect(address)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(
        client, task_queue=TASK_QUEUE, workflows=[OneActivity], activities=[nothing], workflow_runner=runner
    ):
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        while line := await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(f"{await run(client, int(line))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
    os._exit(0)  # Temporal's runtime aborts now and then while the interpreter shuts down
