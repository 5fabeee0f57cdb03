"""The seam: the rules make the whole result, then a model words its texts.

What is counted is never asked of a model, so a model that fails costs the wording and nothing else.
"""

from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.llm import prompts
from enrichment.enrichers.llm.chain import Chain
from enrichment.enrichers.llm.naming import Named
from enrichment.enrichers.rules import RulesEnricher
from enrichment.errors import BudgetExceeded, CoolingDown, EnrichmentError, OutputError, ProviderError
from enrichment.models import JobType
from enrichment.results import Recipe, Result
from enrichment.results import Warning as ResultWarning

DRAFTED = 20
"""The rules are done by this percentage."""


class ModelEnricher:
    """Make it once and share it; it keeps no candidate."""

    def __init__(self, first: Named, chain: Chain) -> None:
        """`first` is the model that the chain asks first."""
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
        try:
            return await self._chain.write(task, draft, report)
        except (ProviderError, OutputError, BudgetExceeded) as error:
            if isinstance(error, CoolingDown) or not _may_fall_back(task, error):
                raise
            why = ResultWarning(
                code="rules_fallback", pointer="", message=f"{error.message}: this result is made by rules."
            )
        used = await self._chain.used(task)
        return draft.model_copy(update={"warnings": (*draft.warnings, why), "usage": used})

    def recipe(self, job_type: JobType) -> Recipe:
        taxonomy_version = self._rules.recipe(job_type).taxonomy_version
        return Recipe(self._first.provider, self._first.model, prompts.VERSIONS[job_type], taxonomy_version)


def _may_fall_back(task: Task, error: EnrichmentError) -> bool:
    """The rules answer where no further attempt is to come."""
    return task.allow_rules_fallback and (task.is_last_attempt or not error.retryable)
