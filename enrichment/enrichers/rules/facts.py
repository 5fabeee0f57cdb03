"""What all four job types start from: the candidate as read, the timeline, the inventory of skills."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from enrichment import results, wording
from enrichment.candidate import Candidate
from enrichment.enrichers.base import Task
from enrichment.enrichers.rules import phrases
from enrichment.enrichers.rules.inventory import Inventory, Place, take_inventory
from enrichment.enrichers.rules.texts import is_placeholder, tidy
from enrichment.enrichers.rules.timeline import Timeline, read_timeline
from enrichment.guard import flags
from enrichment.mentions import Mentions
from enrichment.reading import capped, read_candidate
from enrichment.results import Faithfulness
from enrichment.taxonomy import Taxonomy

PROVIDER, MODEL = "rules", "rules-1"
_UNCHECKED = Faithfulness(score=0, checked_facts=0, method="unchecked", version="0")
"""Stands in a result until it is checked."""


@dataclass(frozen=True, slots=True)
class Facts:
    candidate: Candidate
    timeline: Timeline
    inventory: Inventory
    taxonomy: Taxonomy
    language: str
    origin: dict[str, Any]
    """The fields that every result holds, whatever its type."""


def gather(task: Task, taxonomy: Taxonomy, mentions: Mentions) -> Facts:
    candidate = read_candidate(task.candidate)
    timeline = read_timeline(candidate.work, task.as_of)
    language = wording.language_of(task.locale)
    origin = {
        "provider": PROVIDER,
        "model": MODEL,
        "prompt_version": None,
        "taxonomy_version": taxonomy.version,
        "notice": phrases.notice(language),
        "warnings": capped([*candidate.warnings, *timeline.warnings, *_left_over(candidate), *flags(task.candidate)]),
        "faithfulness": _UNCHECKED,
    }
    inventory = take_inventory(candidate, timeline, taxonomy, mentions)
    return Facts(candidate, timeline, inventory, taxonomy, language, origin)


def _left_over(candidate: Candidate) -> Iterator[results.Warning]:
    """Texts of a template that nobody replaced; a competence file does not show them."""
    places: tuple[Place, ...] = (*candidate.engagements, *candidate.projects)
    for place in places:
        for text in place.highlights:
            if is_placeholder(tidy(text.value)):
                message = "This text looks left over from a template; it is left out."
                yield results.Warning(code="placeholder_text", pointer=text.pointer, message=message)
