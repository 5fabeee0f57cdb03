"""Of a chain whose models all fail, the failure that promises most is the job's."""

from datetime import timedelta

import pytest

from enrichment.db import Database
from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.llm import naming
from enrichment.enrichers.llm.chain import Chain, Link
from enrichment.errors import (
    BudgetExceeded,
    CoolingDown,
    EnrichmentError,
    ProviderAuth,
    ProviderUnavailable,
)
from enrichment.models import JobType
from enrichment.redis import redis_client
from enrichment.results import Result
from enrichment.settings import Settings
from tests.unit.rules import AS_OF, ENRICHER, ignore

PAUSE = CoolingDown("a pause", retry_after=timedelta(minutes=5))
SHORT_PAUSE = CoolingDown("a short pause", retry_after=timedelta(seconds=5))
NEXT_DAY = CoolingDown("the next day", retry_after=timedelta(hours=9), because=BudgetExceeded)
DOWN = ProviderUnavailable("down")
REFUSED = ProviderAuth("refused")
TOO_DEAR = BudgetExceeded("too dear")


class Failing(Chain):
    """Each model fails, in its turn, with the next of `errors`."""

    errors: list[EnrichmentError]

    async def _write(self, link: Link, task: Task, draft: Result, report: Report) -> Result:
        raise self.errors.pop(0)


@pytest.mark.parametrize(
    ("errors", "promises_most"),
    [
        ([REFUSED, DOWN], DOWN),
        ([DOWN, PAUSE], PAUSE),
        ([PAUSE, SHORT_PAUSE], SHORT_PAUSE),
        ([DOWN, NEXT_DAY], DOWN),
        ([NEXT_DAY, DOWN], DOWN),
        ([NEXT_DAY, PAUSE], PAUSE),
        ([REFUSED, NEXT_DAY], NEXT_DAY),
        ([TOO_DEAR, REFUSED], TOO_DEAR),
    ],
)
async def test_a_job_ends_or_waits_by_the_failure_that_promises_most(
    errors: list[EnrichmentError], promises_most: EnrichmentError
) -> None:
    settings = Settings(_env_file=None, model="openai:a,openai:b", model_base_url="http://127.0.0.1:1")
    redis, database = redis_client(settings), Database.connect(settings, application="tests")
    chain = Failing(settings, naming.models(settings), database, redis)
    chain.errors = list(errors)
    task = Task(JobType.CANDIDATE_PROFILE_ENHANCEMENT, {"work": [{"name": "Initrode"}]}, AS_OF)

    with pytest.raises(type(promises_most)) as raised:
        await chain.write(task, await ENRICHER.enrich(task, ignore), ignore)

    assert raised.value is promises_most
    await redis.aclose()
    await database.close()
