"""The skills that a text names, for the check: as prose, also in lower case, and as a list of skills."""

from dataclasses import replace
from functools import cache

from enrichment.enrichers.rules.listing import skills_in
from enrichment.mentions import Mentions
from enrichment.taxonomy import Case, Skill, Spelling, taxonomy


@cache
def mentions() -> Mentions:
    """What the enrichers read prose with, but without asking for a homonym's company.

    That may stand elsewhere in the résumé, and of what somebody else has written a skill too many is looked into.
    """
    return Mentions(_without_company())


@cache
def skill_finder() -> Mentions:
    """Finds "rust" beside another skill or after "in" or "using", where the enrichers would want "Rust"."""
    known = _without_company()
    strict = (spelling for spelling in known if spelling.case in {Case.CASED, Case.LISTED})
    lowered = (Spelling(spelling.text.lower(), spelling.skill, Case.LISTED) for spelling in strict)
    return Mentions([*known, *(spelling for spelling in lowered if len(spelling.text) > 1)])


def listed_skills(text: str) -> list[tuple[str, Skill]]:
    """Each skill of a text that is a list of them, as it is written there."""
    return list(skills_in(text, taxonomy(), mentions()))


def _without_company() -> list[Spelling]:
    return [replace(spelling, also=None) for spelling in taxonomy().spellings]
