"""`experience_enhancement`: positions with normalised dates and lengths, results that are measured, and what to ask."""

from collections.abc import Iterator

from enrichment import wording
from enrichment.candidate import Position
from enrichment.dates import PartialDate, Precision
from enrichment.enrichers.rules import phrases, texts
from enrichment.enrichers.rules.facts import Facts
from enrichment.enrichers.rules.stages import Stage, Stages
from enrichment.enrichers.rules.statements import bulleted, dated, excerpt, passages, present, tidied
from enrichment.enrichers.rules.timeline import Interval
from enrichment.pointers import Text
from enrichment.results import (
    Achievement,
    Engagement,
    ExperienceResult,
    Kind,
    PositionReview,
    Question,
    Span,
    Statement,
)
from enrichment.taxonomy import NOT_TECHNICAL, Skill, same


def enhance_experience(facts: Facts) -> Stages[ExperienceResult]:
    work, timeline = facts.candidate.work, facts.timeline
    yield Stage(30, "dates", f"{len(timeline.intervals)} of {len(work)} positions have dates that can be counted")
    reviews = tuple(_review(position, facts) for position in work)
    achievements = sum(len(review.achievements) for review in reviews)
    yield Stage(60, "positions", f"{len(work)} positions read, {achievements} measured results found")
    gaps, overlaps = timeline.gaps(), timeline.overlaps()
    yield Stage(80, "timeline", f"{len(gaps)} gaps and {len(overlaps)} overlaps between positions")
    return ExperienceResult(
        **facts.origin,
        positions=reviews,
        total_months=timeline.total(),
        gaps=gaps,
        overlaps=overlaps,
        questions=tuple(_about_gap(gap, facts.language) for gap in gaps),
        volunteering=tuple(engagement(service, facts) for service in facts.candidate.volunteer),
    )


def engagement(position: Position, facts: Facts) -> Engagement:
    """A position, tidied and counted; volunteering is on no timeline and has no months."""
    interval = facts.timeline.of(position)
    paragraphs, bullets = passages(position.description, position.summary)
    months = interval.months if interval else None
    return Engagement(
        pointer=position.pointer,
        title=tidied(position.title),
        employer=tidied(position.employer),
        client=tidied(position.client),
        location=tidied(position.location),
        start=dated(position.start),
        end=dated(position.end),
        ongoing=_ongoing(interval),
        months=Statement[int](value=months, kind=Kind.DERIVED, evidence=interval.evidence, rule=interval.rule)
        if interval and months
        else None,
        context=tidied(position.context),
        team_size=tidied(position.team_size),
        summary=paragraphs,
        bullets=(*bullets, *present(*(bulleted(text) for text in position.highlights))),
        technologies=technologies(position.pointer, facts),
    )


def achievements(position: Position) -> tuple[Achievement, ...]:
    """The sentences of a position that state figures, each quoted word for word, and once."""
    prose = [text for text in (position.summary, *position.highlights) if text]
    said: dict[str, tuple[Text, str]] = {}
    for text in prose:
        for sentence in texts.sentences(text.value):
            said.setdefault(same(sentence), (text, sentence))
    return tuple(_achievement(text, sentence) for text, sentence in said.values() if texts.figures(sentence))


def technologies(pointer: str, facts: Facts) -> tuple[Statement[str], ...]:
    """The skills that the texts of a position or project name, as far as they are technical."""
    named = facts.inventory.named.get(pointer, ())
    return tuple(_named(skill, text, facts.language) for skill, text in named if skill.category not in NOT_TECHNICAL)


def _review(position: Position, facts: Facts) -> PositionReview:
    told, measured = engagement(position, facts), achievements(position)
    codes = _missing(told, measured, facts)
    questions = tuple(phrases.question(code, position.pointer, facts.language) for code in codes)
    return PositionReview(position=told, achievements=measured, questions=questions)


def _missing(told: Engagement, measured: tuple[Achievement, ...], facts: Facts) -> Iterator[str]:
    if told.months is None and facts.timeline.intervals.get(told.pointer) is None:
        yield "no_dates"
    if not told.summary and not told.bullets:
        yield "no_description"
    elif not measured:
        yield "no_result"
    if not told.technologies and facts.inventory.uses:
        yield "no_technologies"


def _achievement(text: Text, said: str) -> Achievement:
    return Achievement(
        text=excerpt(text, said, "sentence"),
        figures=tuple(excerpt(text, figure, "figure") for figure in texts.figures(said)),
    )


def _named(skill: Skill, text: Text, language: str) -> Statement[str]:
    return excerpt(text, skill.label(language), "name_of_skill")


def _ongoing(interval: Interval | None) -> Statement[bool] | None:
    if interval is None or not interval.ongoing:
        return None
    return Statement[bool](value=True, kind=Kind.DERIVED, evidence=interval.evidence, rule="no_end_or_present")


def _about_gap(gap: Statement[Span], language: str) -> Question:
    span = gap.value
    return phrases.question(
        "gap",
        gap.evidence[-1],
        language,
        start=_month(span.start, language),
        end=_month(span.end, language),
        months=wording.duration(span.months, language),
    )


def _month(written: str, language: str) -> str:
    year, month = written.split("-")
    date = PartialDate(raw=written, year=int(year), month=int(month), precision=Precision.MONTH)
    return wording.day(date, language)
