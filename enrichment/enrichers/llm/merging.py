"""Puts a model's texts into the result of the rules: everything that is counted stays what the rules have counted."""

from collections.abc import Iterable
from typing import TypeVar

from enrichment.enrichers.llm.outputs import (
    CompetenceFileOutput,
    ExperienceOutput,
    Output,
    ProfileOutput,
    SkillsOutput,
    Told,
    ToldPosition,
    ToldSuggestion,
)
from enrichment.faithfulness import SLIP
from enrichment.results import (
    CompetenceFileResult,
    Engagement,
    ExperienceResult,
    Kind,
    ProfileResult,
    Result,
    Said,
    SkillsResult,
    Suggestion,
)

REWORDED = "reworded"
"""The rule of a statement that a model has written: nothing can repeat it, so the check looks at its words."""

R = TypeVar("R", bound=Result)


def merge(draft: Result, output: Output) -> Result:
    """The rules' `draft` with the model's texts in their places. Where the model wrote nothing, the draft stays."""
    match draft, output:
        case ProfileResult(), ProfileOutput():
            headline = _said(output.headline) if output.headline else draft.headline
            return _with(draft, headline=headline, summary=_all_said(output.summary) or draft.summary)
        case ExperienceResult(), ExperienceOutput():
            told = {position.pointer: position for position in output.positions}
            reviews = (
                review.model_copy(update={"position": _position(review.position, told)}) for review in draft.positions
            )
            return _with(draft, positions=tuple(reviews))
        case CompetenceFileResult(), CompetenceFileOutput():
            told = {position.pointer: position for position in output.positions}
            experience = tuple(_position(engagement, told) for engagement in draft.experience)
            introduction = _all_said(output.introduction) or draft.introduction
            return _with(draft, introduction=introduction, experience=experience)
        case SkillsResult(), SkillsOutput():
            meant = map(_suggested, output.suggestions)
            known = {suggestion.written.value for suggestion in draft.suggestions}
            more = (suggestion for suggestion in meant if suggestion.written.value not in known)
            return _with(draft, suggestions=(*draft.suggestions, *more))
        case _:
            raise TypeError(f"{type(output).__name__} is no output for {type(draft).__name__}")


def _with(draft: R, **fields: object) -> R:
    return draft.model_copy(update=fields)


def _position(engagement: Engagement, told: dict[str, ToldPosition]) -> Engagement:
    position = told.get(engagement.pointer)
    if position is None:
        return engagement
    summary = _all_said(position.summary) or engagement.summary
    return engagement.model_copy(
        update={"summary": summary, "bullets": _all_said(position.bullets) or engagement.bullets}
    )


def _suggested(told: ToldSuggestion) -> Suggestion:
    """Both by the rules that the check can repeat: a part of the list, and a skill that it may be a slip for."""
    written = _said(told.written).model_copy(update={"kind": Kind.NORMALISED, "rule": "part_of_list"})
    meant = _said(told.did_you_mean).model_copy(
        update={"kind": Kind.INFERRED, "evidence": written.evidence, "rule": SLIP},
    )
    return Suggestion(written=written, did_you_mean=meant)


def _all_said(told: Iterable[Told]) -> tuple[Said, ...]:
    return tuple(_said(one) for one in told)


def _said(told: Told) -> Said:
    kind = Kind(told.kind)
    evidence = tuple(dict.fromkeys(told.evidence))
    return Said(value=told.text, kind=kind, evidence=evidence, rule=None if kind is Kind.COPIED else REWORDED)
