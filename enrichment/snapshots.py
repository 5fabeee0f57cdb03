"""Live progress, in Redis: a snapshot per job and a channel for those who follow it.

Without Redis what is written is lost, which costs freshness and nothing else: `enrichment.redis`.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Self

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from enrichment.events import PROGRESS_LOST
from enrichment.models import JSON, TERMINAL, Progress
from enrichment.redis import TIMEOUT_S, Circuit, redis_client
from enrichment.settings import Settings
from enrichment.unchanged import Unchanged

TTL_OPEN_S = 24 * 3600
TTL_ENDED_S = 3600

_REPORT = """
local held = redis.call('HMGET', KEYS[1], 'run', 'percentage', 'seq')
local run, percentage = tonumber(ARGV[1]), tonumber(ARGV[2])
if held[1] and tonumber(held[1]) > run then return 0 end
if held[1] and tonumber(held[1]) == run then percentage = math.max(percentage, tonumber(held[2])) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local seq = math.max(now, (tonumber(held[3]) or 0) + 1)
redis.call('HSET', KEYS[1], 'run', run, 'percentage', percentage, 'stage', ARGV[3], 'message', ARGV[4],
           'metadata', ARGV[5], 'attempt', ARGV[6], 'seq', seq, 'updatedAt', now)
redis.call('EXPIRE', KEYS[1], ARGV[7])
redis.call('PUBLISH', KEYS[1], seq)
return seq
"""
# `percentage` never falls within a run. `seq` is the time in milliseconds, or one more than before: it goes on growing
# when Redis has lost what it held, so that a follower who resumes after a number misses nothing.


def key(job_id: str) -> str:
    """The snapshot's key, and the name of the channel that tells of its changes."""
    return f"enrichment:progress:{job_id}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a run was when it last told."""

    run: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Round:
    """What is told with one call."""

    news: dict[str, tuple[int, Progress]] = field(default_factory=dict)
    """The run and how far it is, by job."""
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


class ProgressStore:
    """Writes and reads the snapshots. Nothing here raises: without Redis, writes are lost and reads say so."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._snapshots = Unchanged(_snapshot)
        self._script = redis.register_script(_REPORT)
        self._circuit = Circuit(redis, PROGRESS_LOST, "Redis does not answer; progress is stale for now")
        self._next = _Round()
        self._telling: asyncio.Task[None] | None = None

    @classmethod
    def connect(cls, settings: Settings) -> Self:
        """Opens no connection yet: the first call does."""
        return cls(redis_client(settings))

    async def close(self) -> None:
        """Tells what is left to tell first."""
        if self._telling is not None:
            await self._telling
        await self._redis.aclose()

    async def report(self, job_id: str, run: int, progress: Progress) -> None:
        """As `tell`, and waits until it is done: for the call that is under way, if there is one, and for its own."""
        own = self._next
        self.tell(job_id, run, progress)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * TIMEOUT_S):
                await own.is_over.wait()

    def tell(self, job_id: str, run: int, progress: Progress) -> None:
        """Stores and announces how far a run is; one of an older run than the one that is held changes nothing.

        The caller's work need not wait for it. What is told while a call is under way goes with the next one, of each
        job the last that was told.
        """
        news = self._next.news
        held_run, held = news.get(job_id, (run, progress))
        news[job_id] = (held_run, held) if held_run > run else (run, progress)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="tell progress")

    async def _tell(self) -> None:
        while self._next.news:
            now, self._next = self._next, _Round()
            try:
                await self._circuit.call(partial(self._send, now.news))
            finally:
                now.is_over.set()

    async def _send(self, news: Mapping[str, tuple[int, Progress]]) -> None:
        try:
            await self._evaluate(news)
        except NoScriptError:  # a Redis that we have not met, or that has forgotten everything
            await self._redis.script_load(_REPORT)
            await self._evaluate(news)

    async def _evaluate(self, news: Mapping[str, tuple[int, Progress]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for job_id, (run, progress) in news.items():
                pipeline.evalsha(self._script.sha, 1, key(job_id), *_arguments(run, progress))
            await pipeline.execute()

    async def read(self, job_ids: Sequence[str]) -> dict[str, Snapshot] | None:
        """The snapshots that there are, by job id. None: Redis does not answer."""

        async def snapshots() -> list[dict[str, str]]:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for job_id in job_ids:
                    pipeline.hgetall(key(job_id))
                answers: list[dict[str, str]] = await pipeline.execute()
                return answers

        held = await self._circuit.call(snapshots)
        if held is None:
            return None
        found = ((job_id, fields) for job_id, fields in zip(job_ids, held, strict=True) if fields)
        return {job_id: self._snapshots.of(job_id, fields) for job_id, fields in found}

    async def delete(self, job_ids: Sequence[str]) -> int:
        """Forgets jobs; returns how many had a snapshot."""
        if not job_ids:
            return 0
        return await self._circuit.call(lambda: self._redis.unlink(*map(key, job_ids))) or 0

    async def is_up(self) -> bool:
        """Whether Redis answers now, whatever happened before."""
        self._circuit.breaker.close()
        return await self._circuit.call(self._redis.ping) is not None


def _arguments(run: int, progress: Progress) -> tuple[int | str, ...]:
    ended = progress.stage in TERMINAL
    return (
        run,
        progress.percentage,
        progress.stage,
        progress.message,
        json.dumps(progress.metadata),
        progress.attempt,
        TTL_ENDED_S if ended else TTL_OPEN_S,
    )


def _snapshot(fields: dict[str, str]) -> Snapshot:
    metadata: JSON = json.loads(fields["metadata"])
    progress = Progress(
        percentage=int(fields["percentage"]),
        stage=fields["stage"],
        message=fields["message"],
        metadata=metadata,
        attempt=int(fields["attempt"]),
        seq=int(fields["seq"]),
        updated_at=datetime.fromtimestamp(int(fields["updatedAt"]) / 1000, UTC),
    )
    return Snapshot(int(fields["run"]), progress)
