"""Where the measurements are read from: the rows, with the database's own clock, the same for every system."""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

PATIENCE_S = 120.0
LOOK_EVERY_S = 0.05

PEER_TABLE = """
    CREATE SCHEMA IF NOT EXISTS peer;
    CREATE TABLE IF NOT EXISTS peer.job (
        id           text PRIMARY KEY DEFAULT uuidv7()::text,
        priority     text NOT NULL,
        status       text NOT NULL DEFAULT 'pending',
        runs         integer NOT NULL DEFAULT 0,
        payload      jsonb NOT NULL,
        result       jsonb,
        created_at   timestamptz NOT NULL DEFAULT now(),
        started_at   timestamptz,
        completed_at timestamptz
    );
    CREATE INDEX IF NOT EXISTS job_status ON peer.job (status);
"""


class Unfinished(Exception):
    """The jobs have not come to their end in time."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Jobs that are completed: seconds from the first accept to the last end, and each one's milliseconds."""

    seconds: float
    latencies_ms: list[float]


class Record:
    """The rows of one system. Ids grow with time, so the rows of one measurement are those after a mark."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", table: str, again: str) -> None:
        self._connection = connection
        self._table = table
        self._again = again
        """SQL: whether a row's job has been begun for the second time."""

    async def mark(self) -> str:
        """What all later rows' ids are greater than."""
        mark: str = await self._connection.fetchval("SELECT uuidv7()::text")
        return mark

    async def clear(self) -> None:
        await self._connection.execute(f"TRUNCATE {self._table} CASCADE")

    async def completed(self, mark: str, count: int) -> Ended:
        """Waits until `count` jobs after the mark are completed.

        Raises:
            Unfinished: they are not, after `PATIENCE_S`.
        """
        await self._until("id > $1 AND status = 'completed'", mark, count)
        times = await self._connection.fetch(
            f"SELECT created_at, completed_at FROM {self._table} WHERE id > $1 AND status = 'completed'", mark
        )
        first, last = min(row["created_at"] for row in times), max(row["completed_at"] for row in times)
        latencies = [(row["completed_at"] - row["created_at"]).total_seconds() * 1000 for row in times]
        return Ended((last - first).total_seconds(), latencies)

    async def running(self, mark: str, count: int) -> None:
        """Waits until `count` jobs after the mark are in progress."""
        await self._until("id > $1 AND status = 'in_progress'", mark, count)

    async def begun_again(self, mark: str, count: int) -> None:
        """Waits until `count` jobs after the mark have been begun a second time."""
        await self._until(f"id > $1 AND {self._again}", mark, count)

    async def _until(self, condition: str, mark: str, count: int) -> None:
        end = time.monotonic() + PATIENCE_S
        while True:
            found = await self._connection.fetchval(f"SELECT count(*) FROM {self._table} WHERE {condition}", mark)
            if found >= count:
                return
            if time.monotonic() > end:
                raise Unfinished(f"{found} of {count} in {self._table}: {condition}")
            await asyncio.sleep(LOOK_EVERY_S)
