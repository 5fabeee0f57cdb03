"""A Redis that takes connections and never answers, as a frozen one does: what waits for it, and for how long.

The bounds are what many waits one after another would far exceed, so that a busy machine does not decide.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from pydantic import SecretStr

from enrichment import progress
from enrichment.feed import Feed
from enrichment.models import Progress
from enrichment.progress import TIMEOUT_S, ProgressStore
from enrichment.settings import Settings

MANY = 40
AT_MOST_S = MANY * TIMEOUT_S / 4
RUNNING = Progress(percentage=10, stage="started", message="Started")


@pytest.fixture
async def stalled() -> AsyncIterator[Settings]:
    connected: list[asyncio.StreamWriter] = []

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    yield Settings(_env_file=None, redis_url=SecretStr(url))
    server.close()
    for writer in connected:
        writer.close()


async def test_writers_and_readers_wait_once_and_then_not_at_all(stalled: Settings) -> None:
    store = ProgressStore.connect(stalled)
    began_at = time.monotonic()
    for number in range(MANY):
        await store.report(f"job-{number}", 1, RUNNING)
        assert await store.read([f"job-{number}"]) is None
    assert time.monotonic() - began_at < AT_MOST_S
    await store.close()


async def test_all_the_steps_of_a_call_are_one_wait(stalled: Settings) -> None:
    """The client's own limits are for each step of a call: connecting, greeting, naming itself, asking."""
    redis = progress.client(stalled)
    redis.connection_pool.connection_kwargs |= {"socket_timeout": 60, "socket_connect_timeout": 60}
    store = ProgressStore(redis)
    async with asyncio.timeout(30):
        assert await store.read(["job"]) is None
    await store.close()


async def test_followers_of_many_jobs_do_not_wait_one_behind_the_other(stalled: Settings) -> None:
    feed = Feed(progress.client(stalled))

    async def first_look(job_id: str) -> None:
        async with aclosing(feed.follow(job_id)) as changes:
            await anext(changes)

    began_at = time.monotonic()
    await asyncio.gather(*(first_look(f"job-{number}") for number in range(MANY)))
    assert time.monotonic() - began_at < AT_MOST_S
    await feed.close()
