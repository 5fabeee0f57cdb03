"""The product's worker, whose work is real (`SCALE_WORK=rules`), or takes so many milliseconds and is written down."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator

from enrichment import events
from enrichment.db import Database
from enrichment.enrichers import configured
from enrichment.enrichers.base import Enricher, Report, Task
from enrichment.models import JobType
from enrichment.results import Faithfulness, Recipe, Result
from enrichment.settings import Settings
from worker.__main__ import run

RESULT = Result(
    provider="none",
    model="none",
    prompt_version=None,
    taxonomy_version="none",
    faithfulness=Faithfulness(score=1.0, checked_facts=0, method="none", version="1"),
    notice="x" * 200,
)
"""As large as the result that the peer in the benchmark writes."""


class Waiting:
    """Takes its time and invents nothing. Of work that takes time it writes who it is for, when it begins and ends."""

    def __init__(self, work_ms: int, calls: str) -> None:
        self._work_s = work_ms / 1000
        self._calls = os.open(calls, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def enrich(self, task: Task, report: Report) -> Result:
        if self._work_s:
            self._write("began", task)
            await asyncio.sleep(self._work_s)
            self._write("ended", task)
        return RESULT

    def recipe(self, job_type: JobType) -> Recipe:
        return Recipe("none", "none", None, "none")

    def _write(self, what: str, task: Task) -> None:
        os.write(self._calls, f"{what} {task.candidate['candidateId']} {time.time():.3f}\n".encode())


@contextlib.asynccontextmanager
async def waiting(settings: Settings, database: Database) -> AsyncIterator[Enricher]:
    yield Waiting(int(os.environ["SCALE_WORK"]), os.environ["SCALE_CALLS"])


if __name__ == "__main__":
    events.configure()
    if os.environ["SCALE_WORK"] != "rules":
        configured.enricher = waiting
    code = run()
    sys.stderr.flush()
    os._exit(code)
