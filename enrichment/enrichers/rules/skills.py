"""`skills_optimization`: one name per skill, how long and how lately it was used, and what was perhaps meant."""

from itertools import islice

from enrichment.enrichers.rules.facts import Facts
from enrichment.enrichers.rules.inventory import Use
from enrichment.enrichers.rules.stages import Stage, Stages
from enrichment.enrichers.rules.statements import excerpt
from enrichment.results import Kind, Said, SkillReview, SkillsResult, Suggestion
from enrichment.taxonomy import OTHER

_MOST_SUGGESTIONS = 50


def optimize_skills(facts: Facts) -> Stages[SkillsResult]:
    uses = facts.inventory.uses
    yield Stage(40, "matching", f"{len(uses)} skills found, {_listed(uses)} of them in the list of skills")
    reviews = tuple(_review(use, facts.language) for use in facts.inventory.ranked())
    merged = sum(len(review.written_as) > 1 for review in reviews)
    yield Stage(65, "merging", f"{merged} skills were listed in more than one way")
    suggestions = tuple(islice(filter(None, (_suggestion(use, facts) for use in uses)), _MOST_SUGGESTIONS))
    yield Stage(80, "suggesting", f"{len(suggestions)} spellings to confirm")
    return SkillsResult(**facts.origin, skills=reviews, suggestions=suggestions)


def _listed(uses: tuple[Use, ...]) -> int:
    return sum(bool(use.written) for use in uses)


def _review(use: Use, language: str) -> SkillReview:
    written = dict(reversed(use.written))  # of equal spellings the first stays
    return SkillReview(
        name=use.name(language),
        category=Said(value=use.skill.category, kind=Kind.DERIVED, evidence=use.evidence, rule="category_of_skill"),
        known=use.skill.category != OTHER,
        declared=bool(use.written),
        written_as=tuple(excerpt(text, value, "part_of_list") for value, text in reversed(written.items())),
        declared_level=use.declared_level(),
        declared_years=use.declared_years(),
        months=use.months,
        last_used=use.last_month(),
        level=use.level(),
    )


def _suggestion(use: Use, facts: Facts) -> Suggestion | None:
    if use.skill.category != OTHER or not use.written:
        return None
    written, text = use.written[0]
    meant = facts.taxonomy.suggest(written)
    if meant is None:
        return None
    return Suggestion(
        written=excerpt(text, written, "part_of_list"),
        did_you_mean=Said(
            value=meant.label(facts.language), kind=Kind.INFERRED, evidence=(text.pointer,), rule="similar_spelling"
        ),
    )
