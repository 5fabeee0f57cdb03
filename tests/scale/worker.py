"""`python -m tests.scale.worker WORK`: the product's worker; its work is real (`rules`), or takes WORK milliseconds."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator

import uvloop

from enrichment import events, settings
from enrichment.db import Database
from enrichment.enrichers import configured
from enrichment.enrichers.base import Enricher, Report, Task
from enrichment.models import JobType
from enrichment.results import Faithfulness, Recipe, Result
from enrichment.settings import Settings
from worker.__main__ import main

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
    """Takes its time and invents nothing."""

    def __init__(self, work_ms: int) -> None:
        self._work_s = work_ms / 1000

    async def enrich(self, task: Task, report: Report) -> Result:
        if self._work_s:
            await asyncio.sleep(self._work_s)
        return RESULT

    def recipe(self, job_type: JobType) -> Recipe:
        return Recipe("none", "none", None, "none")


@contextlib.asynccontextmanager
async def waiting(settings: Settings, database: Database) -> AsyncIterator[Enricher]:
    yield Waiting(int(sys.argv[1]))


if __name__ == "__main__":
    events.configure()
    if sys.argv[1] != "rules":
        configured.enricher = waiting
    uvloop.run(main(settings.load()))
    os._exit(0)
