"""The seam: the rules make the whole result, then a model words its texts.

What is counted is never asked of a model, so a model that fails costs the wording and nothing else.
"""

import asyncio
from typing import Protocol

from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.llm import prompts
from enrichment.enrichers.llm.naming import Named
from enrichment.enrichers.rules import RulesEnricher
from enrichment.errors import BudgetExceeded, CoolingDown, EnrichmentError, OutputError, ProviderError
from enrichment.models import JobType
from enrichment.results import Recipe, Result, Usage
from enrichment.results import Warning as ResultWarning

DRAFTED = 20
"""The rules are done by this percentage."""


class Asked(Protocol):
    """The chain of models, as far as one knows it without their libraries."""

    async def write(self, task: Task, draft: Result, report: Report) -> Result: ...

    async def used(self, task: Task) -> Usage: ...


class ModelEnricher:
    """Make it once and share it; it keeps no candidate."""

    def __init__(self, first: Named, chain: asyncio.Future[Asked]) -> None:
        """`first` is the model that the chain asks first; the chain may be still loading."""
        self._first = first
        self._chain = chain
        self._rules = RulesEnricher()

    async def enrich(self, task: Task, report: Report) -> Result:
        """The result of the task's type.

        Raises:
            CoolingDown: no model of the chain may be asked yet.
            ProviderError, OutputError: no model of the chain has answered, or none in a way that can be used.
            BudgetExceeded: no model of the chain can be paid.
            StorageUnavailable: nobody knows whether the answer is kept already.
        """

        async def drafting(percentage: int, stage: str, message: str) -> None:
            await report(percentage * DRAFTED // 100, stage, message)

        draft = await self._rules.enrich(task, drafting)
        chain = await self._loaded()
        try:
            return await chain.write(task, draft, report)
        except (ProviderError, OutputError, BudgetExceeded) as error:
            if isinstance(error, CoolingDown) or not _may_fall_back(task, error):
                raise
            why = ResultWarning(
                code="rules_fallback", pointer="", message=f"{error.message}: this result is made by rules."
            )
        used = await chain.used(task)
        return draft.model_copy(update={"warnings": (*draft.warnings, why), "usage": used})

    async def _loaded(self) -> Asked:
        """Where it cannot be loaded, that ends the worker, and this is stopped with it: the job goes to another one."""
        await asyncio.wait({self._chain})
        if self._chain.cancelled() or self._chain.exception():
            await asyncio.Event().wait()
        return self._chain.result()

    def recipe(self, job_type: JobType) -> Recipe:
        taxonomy_version = self._rules.recipe(job_type).taxonomy_version
        return Recipe(self._first.provider, self._first.model, prompts.VERSIONS[job_type], taxonomy_version)


def _may_fall_back(task: Task, error: EnrichmentError) -> bool:
    """The rules answer where no further attempt is to come."""
    return task.allow_rules_fallback and (task.is_last_attempt or not error.retryable)
