"""taskiq on Redis streams with a row per job, as its users run it: an API that takes jobs, and `taskiq worker`.

python -m benchmarks.peers.serve benchmarks.peers.taskiq_queue:app PORT
taskiq worker benchmarks.peers.taskiq_queue:broker
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI
from pydantic import BaseModel, Field
from redis.asyncio import Redis
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

KEEP_S = 3600

broker = RedisStreamBroker(os.environ.get("REDIS_URL", ""), queue_name="peer-taskiq")


class Submission(BaseModel):
    priority: str
    payload: dict[str, Any]
    work_ms: int = Field(default=0, alias="workMs", ge=0, le=60_000)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def _connect(state: TaskiqState) -> None:
    state.database = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10)
    state.cache = Redis.from_url(os.environ["REDIS_URL"])
    sys.stdout.write("READY\n")
    sys.stdout.flush()


@broker.task(task_name="enrich", retry_on_error=True, max_retries=3)
async def enrich(job_id: str, work_ms: int) -> None:
    """The work is to wait for as long as the model would take, and to store a result of the candidate's size."""
    database, cache = broker.state.database, broker.state.cache

    async def report(stage: str, percentage: int) -> None:
        shown = json.dumps({"stage": stage, "percentage": percentage, "at": time.time()})
        await cache.set(f"peer:progress:{job_id}", shown, ex=KEEP_S)

    payload = await database.fetchval(
        "UPDATE peer.job SET status = 'in_progress', runs = runs + 1, started_at = clock_timestamp()"
        " WHERE id = $1 RETURNING payload",
        job_id,
    )
    await report("started", 5)
    if work_ms:
        await asyncio.sleep(work_ms / 1000)
    await report("enriched", 90)
    await database.execute(
        "UPDATE peer.job SET status = 'completed', result = $2, completed_at = clock_timestamp() WHERE id = $1",
        job_id,
        payload,
    )
    await report("completed", 100)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    await broker.startup()
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10) as database:
        app.state.database = database
        yield
    await broker.shutdown()


app = FastAPI(lifespan=_lifespan)


@app.post("/jobs", status_code=202)
async def submit(submission: Submission) -> dict[str, str]:
    job_id: str = await app.state.database.fetchval(
        "INSERT INTO peer.job (priority, payload) VALUES ($1, $2) RETURNING id",
        submission.priority,
        json.dumps(submission.payload),
    )
    await enrich.kiq(job_id, submission.work_ms)
    return {"jobId": job_id, "status": "pending"}
