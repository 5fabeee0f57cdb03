"""A model's library takes a second or two to load: a job begins meanwhile, and waits only where it would ask."""

import asyncio

import pytest
from pydantic import SecretStr

from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.llm.enricher import DRAFTED, Asked, ModelEnricher
from enrichment.enrichers.llm.naming import Named
from enrichment.models import JobType
from enrichment.results import Result, Usage
from tests.unit.rules import AS_OF

NAMED = Named("openai", "gpt-4o-mini", SecretStr("none"), None)
TASK = Task(JobType.SKILLS_OPTIMIZATION, {"skills": [{"name": "Python"}]}, AS_OF)


class Signing:
    """Words nothing, and puts its name under the draft."""

    async def write(self, task: Task, draft: Result, report: Report) -> Result:
        return draft.model_copy(update={"model": NAMED.model})

    async def used(self, task: Task) -> Usage:
        raise AssertionError("nothing has failed")


async def test_the_draft_is_made_while_the_library_loads() -> None:
    loading: asyncio.Future[Asked] = asyncio.get_running_loop().create_future()
    enricher, drafted = ModelEnricher(NAMED, loading), asyncio.Event()

    async def report(percentage: int, stage: str, message: str) -> None:
        assert percentage < DRAFTED
        if stage == "checking":  # the rules' last
            drafted.set()

    given_up, waiting = (asyncio.create_task(enricher.enrich(TASK, report)) for _ in range(2))
    async with asyncio.timeout(10):
        await drafted.wait()
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert not waiting.done()

    loading.set_result(Signing())

    assert (await waiting).model == NAMED.model
