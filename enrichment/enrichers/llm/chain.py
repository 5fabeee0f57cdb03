"""The chain of models: the first one writes; where it fails for now or for good, the next one does."""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pydantic_ai.models import Model
from redis.asyncio import Redis

from enrichment import faithfulness, wording
from enrichment.breaker import Breaker
from enrichment.db import Database
from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.llm import failures, prompts, providers
from enrichment.enrichers.llm.cooldown import Cooldown
from enrichment.enrichers.llm.failures import Action
from enrichment.enrichers.llm.limited import Limited, Limits
from enrichment.enrichers.llm.memory import Memory
from enrichment.enrichers.llm.merging import merge
from enrichment.enrichers.llm.naming import Named
from enrichment.enrichers.llm.outputs import Output
from enrichment.enrichers.llm.rates import Rates
from enrichment.enrichers.llm.remembered import Remembered
from enrichment.enrichers.llm.restoring import Shown
from enrichment.enrichers.llm.shortening import shortened
from enrichment.enrichers.llm.streamed import Streamed
from enrichment.enrichers.llm.writing import Assignment, write
from enrichment.errors import (
    BudgetExceeded,
    ContentRefused,
    CoolingDown,
    EnrichmentError,
    OutputError,
    ProviderError,
    ProviderTimeout,
)
from enrichment.events import MODEL_FAILED, PROVIDER_NEEDS_ATTENTION
from enrichment.redis import REST_S
from enrichment.results import Result, Usage, Violation
from enrichment.settings import Settings
from enrichment.spending import ledger

LONGEST_S = 285.0
"""One attempt with the whole chain: below the 5 minutes of the activity, above the timeout of one request."""
ASKING, WRITTEN = 25, 90
"""Percentages of the enrichment; while a model writes, it moves from the one towards the other."""
_PIECES = 300
"""After so many pieces of an answer, about two thirds of the way are shown."""
_NOTICES = {
    "en": "The texts were worded by the model {model} and checked against the data; the rest was counted by rules.",
    "fr": "Les textes ont été rédigés par le modèle {model} et vérifiés avec les données ; le reste est calculé.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Link:
    """One model of the chain."""

    named: Named
    model: Model
    limits: Limits


class Chain:
    def __init__(self, settings: Settings, models: Sequence[Named], database: Database, redis: "Redis") -> None:
        self._settings = settings
        self._database = database
        breaker = Breaker(REST_S)
        self._links = [
            Link(
                named,
                providers.connect(named, settings.model_timeout_s),
                Limits(str(named), Cooldown(redis, str(named), breaker), Rates(settings, str(named), breaker)),
            )
            for named in models
        ]

    async def write(self, task: Task, draft: Result, report: Report) -> Result:
        """The draft with a model's texts.

        Raises:
            EnrichmentError: of the failures of all models, the one that promises most.
        """
        failed: list[EnrichmentError] = []
        try:
            async with asyncio.timeout(LONGEST_S):
                for link in self._links:
                    try:
                        return await self._write(link, task, draft, report)
                    except (ProviderError, OutputError, BudgetExceeded) as error:
                        _tell(link, error, task)
                        failed.append(error)
        except TimeoutError:
            failed.append(ProviderTimeout("No model answered in time"))
        raise min(failed, key=_hopelessness)

    async def used(self, task: Task) -> Usage:
        """What all models have used for the task's run so far, whatever became of their answers."""
        return await ledger.of_run(self._database, task.asker.job_id, task.asker.run)

    async def _write(self, link: Link, task: Task, draft: Result, report: Report) -> Result:
        version = prompts.VERSIONS[task.type]
        memory = Memory(self._database, self._settings, task.asker, version, refresh=task.refresh)
        try:
            output = await self._ask(link, task, draft, report, memory)
        except (OutputError, ContentRefused):
            await memory.disown()
            raise
        await report(WRITTEN, "checking", "Checking the texts against the data")
        checked = await asyncio.to_thread(faithfulness.repair, merge(draft, output), draft, task.candidate, task.as_of)
        usage = await self.used(task)
        notice = _NOTICES[wording.language_of(task.locale)].format(model=link.named.model)
        return checked.model_copy(
            update={
                "provider": link.named.provider,
                "model": link.named.model,
                "prompt_version": version,
                "notice": notice,
                "usage": usage.model_copy(update={"cached": not usage.requests}),
            }
        )

    async def _ask(self, link: Link, task: Task, draft: Result, report: Report, memory: Memory) -> Output:
        """What the model writes of the candidate, who is told to it as far as it needs to know."""
        shown = await asyncio.to_thread(Shown, task.candidate)

        def doubts(output: Output) -> tuple[Violation, ...]:
            return faithfulness.check(merge(draft, shown.restored(output)), task.candidate, task.as_of).violations

        model = self._stack(link, task, report, memory)
        assignment = Assignment(task.type, shown.candidate, task.locale, doubts)
        ask = partial(write, model=model, name=str(link.named))
        tokens = self._settings.model_max_tokens
        await report(ASKING, "asking", "Asking the model")
        try:
            return shown.restored(await ask(assignment, max_tokens=tokens))
        except EnrichmentError as error:
            action = failures.action_of(error)
            if action not in {Action.SHRINK, Action.EXTEND}:
                raise
        if action is Action.SHRINK:
            assignment = Assignment(task.type, shortened(shown.candidate), task.locale, doubts)
        else:
            tokens *= 2
        return shown.restored(await ask(assignment, max_tokens=tokens))

    def _stack(self, link: Link, task: Task, report: Report, memory: Memory) -> Model:
        """What each request passes through, from the outside to the wire."""

        async def listen(pieces: int) -> None:
            await link.limits.cooldown.opened()
            percentage = ASKING + round((WRITTEN - ASKING) * (1 - math.exp(-pieces / _PIECES)))
            await report(percentage, "writing", f"The model is writing: {pieces} pieces so far")

        name = str(link.named)
        wire = Streamed(link.model, name, self._settings.model_timeout_s, listen)
        return Remembered(Limited(wire, link.limits, task.asker.priority), name, memory)


def _hopelessness(error: EnrichmentError) -> tuple[bool, bool, bool, timedelta]:
    """A model that may be asked again soon before one that may be retried, before one that may be asked when the day's
    budget is another, before one that has failed for good.
    """
    is_for_a_day = isinstance(error, CoolingDown) and error.because is BudgetExceeded
    return not error.retryable, is_for_a_day, not isinstance(error, CoolingDown), error.retry_after or timedelta()


def _tell(link: Link, error: EnrichmentError, task: Task) -> None:
    job_id, model = task.asker.job_id, str(link.named)
    if failures.action_of(error) is Action.ALERT:
        extra = PROVIDER_NEEDS_ATTENTION.fields(job_id=job_id, model=model, error=error)
        log.error("A model needs attention: no retry mends this", extra=extra)
    elif not isinstance(error, CoolingDown):
        log.warning("A model failed", extra=MODEL_FAILED.fields(job_id=job_id, model=model, error=error))
