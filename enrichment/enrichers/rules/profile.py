"""`candidate_profile_enhancement`: headline and summary assembled from facts, and how complete the résumé is."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from enrichment import practice, wording
from enrichment.candidate import Education, Position
from enrichment.dates import Precision
from enrichment.enrichers.rules import phrases
from enrichment.enrichers.rules.degrees import rank
from enrichment.enrichers.rules.experience import achievements
from enrichment.enrichers.rules.facts import Facts
from enrichment.enrichers.rules.inventory import Use
from enrichment.enrichers.rules.stages import Stage, Stages
from enrichment.enrichers.rules.statements import derived, present, tidied
from enrichment.enrichers.rules.texts import tidy
from enrichment.enrichers.rules.timeline import Interval
from enrichment.pointers import Text
from enrichment.results import Completeness, Kind, ProfileResult, Question, Section, SkillSummary, Statement
from enrichment.taxonomy import same

TOP_SKILLS = 8
_NAMED_IN_HEADLINE, _NAMED_IN_SUMMARY, _MOST_CURRENT = 3, 5, 3
_BESIDE_A_JOB = re.compile(
    r"\b(?:free-?lance|ind[eé]pend[ae]nte?s?|self-employed|part[- ]time|temps partiel|(?:auto|micro)-?entrepr)",
    re.IGNORECASE,
)
"""What people do beside another job, where they have one."""

_SECTIONS: tuple[tuple[str, int, Callable[[Facts], object]], ...] = (
    ("name", 5, lambda facts: facts.candidate.name),
    ("contact", 5, lambda facts: facts.candidate.email or facts.candidate.phone),
    ("location", 5, lambda facts: facts.candidate.city or facts.candidate.region),
    ("title", 10, lambda facts: facts.candidate.label),
    ("summary", 10, lambda facts: facts.candidate.summary),
    ("work", 20, lambda facts: facts.timeline.intervals),
    ("results", 10, lambda facts: any(achievements(position) for position in facts.candidate.work)),
    ("skills", 15, lambda facts: any(use.written for use in facts.inventory.uses)),
    ("education", 10, lambda facts: facts.candidate.education),
    ("languages", 5, lambda facts: facts.candidate.languages),
    ("availability", 5, lambda facts: facts.candidate.availability),
)
"""What a complete résumé has, and how many of 100 points it is worth to a recruiter."""


def enhance_profile(facts: Facts) -> Stages[ProfileResult]:
    skills = top_skills(facts)
    yield Stage(35, "skills", f"{len(skills)} leading skills of {len(facts.inventory.uses)}")
    sentences = tuple(summary(facts))
    yield Stage(60, "summary", f"{len(sentences)} sentences assembled from facts")
    completeness = _completeness(facts)
    questions = tuple(_questions(completeness, facts.language))
    yield Stage(80, "completeness", f"{completeness.score.value} of 100 points, {len(questions)} questions")
    return ProfileResult(
        **facts.origin,
        headline=headline(facts),
        summary=sentences,
        own_words=tidied(facts.candidate.summary),
        total_months=facts.timeline.total(),
        top_skills=skills,
        completeness=completeness,
        questions=questions,
    )


def title(facts: Facts) -> Text | None:
    """The candidate's professional title, else that of the current or last position."""
    latest = _latest(facts)
    return facts.candidate.label or (latest.title if latest else None)


def top_skills(facts: Facts) -> tuple[SkillSummary, ...]:
    return tuple(skill_summary(use, facts.language) for use in facts.inventory.ranked()[:TOP_SKILLS])


def skill_summary(use: Use, language: str) -> SkillSummary:
    return SkillSummary(
        name=use.name(language), declared_years=use.declared_years(), months=use.months, level=use.level()
    )


def headline(facts: Facts) -> Statement[str] | None:
    """Title, years and leading skills, as far as they are known: `Data engineer · 6 years of professional experience in
    total · Python, SQL, dbt`. All the years, which may have been spent as something else.
    """
    held, total = title(facts), facts.timeline.total()
    leading = facts.inventory.ranked()[:_NAMED_IN_HEADLINE]
    parts = [tidy(held.value)] if held else []
    parts += [_experience(total, facts.language)] if total else []
    parts += [_names(leading, facts.language)] if leading else []
    evidence = [*([held.pointer] if held else []), *(total.evidence if total else ()), *_evidence(leading)]
    return derived(" · ".join(parts), "headline_of_facts", evidence) if parts else None


def summary(facts: Facts) -> Iterator[Statement[str]]:
    """One sentence for each thing that is known."""
    if total := facts.timeline.total():
        yield derived(_experience(total, facts.language), "years_of_work", total.evidence)
    yield from present(*(_in_post(position, facts) for position in _current(facts)[:_MOST_CURRENT]), _skills(facts))
    candidate = facts.candidate
    last = max(candidate.education, key=_finished, default=None)
    studies = [[text for text in (last.degree, last.area, last.institution) if text]] if last else []
    spoken = [[text for text in (entry.name, entry.fluency) if text] for entry in candidate.languages]
    yield from _list("education", facts, "education", studies, ", ")
    yield from _list("certificates", facts, "names", [[item.name] for item in candidate.certificates], ", ")
    yield from _list("languages", facts, "languages", spoken, " – ")


def _experience(total: Statement[int], language: str) -> str:
    """Apart from any title, so that nobody takes the years for years in that role."""
    return phrases.sentence("experience", language, years=wording.full_years(total.value, language))


def _in_post(position: Position, facts: Facts) -> Statement[str] | None:
    interval = facts.timeline.of(position)
    if not (interval and position.title and position.employer and position.start):
        return None
    said = phrases.sentence(
        "current",
        facts.language,
        since=wording.day(position.start.date, facts.language),
        title=tidy(position.title.value),
        employer=tidy(position.employer.value),
    )
    evidence = (position.title.pointer, position.employer.pointer, *interval.evidence)
    return derived(said, "current_position", evidence)


def _skills(facts: Facts) -> Statement[str] | None:
    """The skills practised longest, or the first that are listed where nothing tells how long."""
    practised = [use for use in facts.inventory.ranked() if use.practised][:_NAMED_IN_SUMMARY]
    if practised:
        counted = ", ".join(
            f"{use.skill.label(facts.language)} ({_practised(use, facts.language)})" for use in practised
        )
        said = phrases.sentence("top_skills", facts.language, skills=counted)
        return derived(said, "longest_practised_skills", _evidence(practised))
    listed = facts.inventory.ranked()[:_NAMED_IN_SUMMARY]
    if not listed:
        return None
    said = phrases.sentence("listed_skills", facts.language, skills=_names(listed, facts.language))
    return derived(said, "first_listed_skills", _evidence(listed))


def _practised(use: Use, language: str) -> str:
    """For how long: in the candidate's own years, else in those that the positions add up to."""
    own = use.declared_years()
    return practice.spoken(own.value, language) if own else wording.full_years(use.practised, language)


def _list(name: str, facts: Facts, key: str, entries: Iterable[list[Text]], glue: str) -> Iterator[Statement[str]]:
    """One sentence that lists entries, each of one or more texts."""
    known = [entry for entry in entries if entry]
    if known:
        listed = " · ".join(glue.join(tidy(text.value) for text in entry) for entry in known)
        evidence = [text.pointer for entry in known for text in entry]
        yield derived(phrases.sentence(name, facts.language, **{key: listed}), f"list_of_{name}", evidence)


def _current(facts: Facts) -> list[Position]:
    """All open positions: first that of the candidate's own title, then what is done beside no other job, then the
    longest held.
    """
    open_ones = [
        (interval, position)
        for position in facts.candidate.work
        if (interval := facts.timeline.of(position)) and interval.ongoing
    ]
    label = same(facts.candidate.label.value) if facts.candidate.label else ""

    def rank(pair: tuple[Interval, Position]) -> tuple[bool, bool, int]:
        interval, position = pair
        held = same(position.title.value) if position.title else ""
        is_own = bool(held and label) and (held in label or label in held)
        named = (text.value for text in (position.title, position.employer) if text)
        return not is_own, any(_BESIDE_A_JOB.search(name) for name in named), interval.start

    return [position for _, position in sorted(open_ones, key=rank)]


def _latest(facts: Facts) -> Position | None:
    """The first of the open positions, else the one that reaches furthest; of several, the one that began last."""
    if current := _current(facts):
        return current[0]
    dated = [(interval, position) for position in facts.candidate.work if (interval := facts.timeline.of(position))]
    if dated:
        return max(dated, key=lambda pair: (pair[0].end, pair[0].start))[1]
    return facts.candidate.work[0] if facts.candidate.work else None


def _finished(entry: Education) -> tuple[bool, int, int, int]:
    """The highest degree of those that are not under way, and of several the newest; else the first that is listed."""
    when = entry.end or entry.start
    under_way = when is not None and (entry.end is None or entry.end.date.precision is Precision.PRESENT)
    height = rank(entry.degree.value) if entry.degree else 0
    return not under_way, height, (when.date.year or 0) if when else 0, (when.date.month or 0) if when else 0


def _names(uses: Sequence[Use], language: str) -> str:
    return ", ".join(use.skill.label(language) for use in uses)


def _evidence(uses: Iterable[Use]) -> Iterator[str]:
    for use in uses:
        yield from use.evidence
        yield from use.months.evidence if use.months else ()
        yield from (use.years[1].pointer,) if use.years else ()


def _completeness(facts: Facts) -> Completeness:
    sections = tuple(
        Section(name=name, present=bool(is_there(facts)), weight=weight) for name, weight, is_there in _SECTIONS
    )
    score = sum(section.weight for section in sections if section.present)
    return Completeness(
        score=Statement[int](value=score, kind=Kind.DERIVED, evidence=("",), rule="weights_of_present_sections"),
        sections=sections,
    )


def _questions(completeness: Completeness, language: str) -> Iterator[Question]:
    for section in completeness.sections:
        if not section.present:
            yield phrases.question(f"missing_{section.name}", "", language)
