"""The offline enricher: fixed rules, no model, nothing invented."""

from collections.abc import Callable

from enrichment import faithfulness
from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.rules.competence import write_competence_file
from enrichment.enrichers.rules.experience import enhance_experience
from enrichment.enrichers.rules.facts import MODEL, PROVIDER, Facts, gather
from enrichment.enrichers.rules.profile import enhance_profile
from enrichment.enrichers.rules.skills import optimize_skills
from enrichment.enrichers.rules.stages import Stage, Stages, follow, is_short
from enrichment.errors import UnsupportedType
from enrichment.mentions import Mentions
from enrichment.models import JobType
from enrichment.results import Recipe, Result
from enrichment.taxonomy import taxonomy

_BUILDERS: dict[JobType, Callable[[Facts], Stages[Result]]] = {
    JobType.SKILLS_OPTIMIZATION: optimize_skills,
    JobType.EXPERIENCE_ENHANCEMENT: enhance_experience,
    JobType.CANDIDATE_PROFILE_ENHANCEMENT: enhance_profile,
    JobType.COMPETENCE_FILE_GENERATION: write_competence_file,
}


class RulesEnricher:
    """Deterministic: the same task gives the same bytes of JSON. Make it once and share it; it keeps no candidate."""

    def __init__(self) -> None:
        self._taxonomy = taxonomy()
        self._mentions = Mentions(self._taxonomy.spellings)

    async def enrich(self, task: Task, report: Report) -> Result:
        """The result of the task's type.

        Raises:
            UnsupportedType: the type does not enrich a single candidate.
        """
        build = _BUILDERS.get(task.type)
        if build is None:
            raise UnsupportedType("This type does not enrich a single candidate.")
        return await follow(self._stages(task, build), report, in_place=is_short(task.candidate))

    def recipe(self, job_type: JobType) -> Recipe:  # noqa: ARG002 the rules of all types are one version
        return Recipe(PROVIDER, MODEL, None, self._taxonomy.version)

    def _stages(self, task: Task, build: Callable[[Facts], Stages[Result]]) -> Stages[Result]:
        yield Stage(5, "reading", "Reading the candidate's data")
        facts = gather(task, self._taxonomy, self._mentions)
        yield Stage(15, "reading", _what_was_read(facts))
        result = yield from build(facts)
        checked = faithfulness.check(result, task.candidate, task.as_of)
        yield Stage(95, "checking", f"{checked.checked_facts} statements checked against the data")
        return result.model_copy(update={"faithfulness": checked})


def _what_was_read(facts: Facts) -> str:
    candidate, inventory = facts.candidate, facts.inventory
    return f"{len(candidate.work)} positions, {len(inventory.uses)} skills, {len(facts.origin['warnings'])} warnings"
