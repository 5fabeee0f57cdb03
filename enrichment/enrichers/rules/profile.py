"""`candidate_profile_enhancement`: headline and summary assembled from facts, and how complete the résumé is."""

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
from enrichment.pointers import Text
from enrichment.results import Completeness, Kind, ProfileResult, Question, Section, SkillSummary, Statement

TOP_SKILLS = 8
_NAMED_IN_HEADLINE, _NAMED_IN_SUMMARY = 3, 5

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
    """Title, years and leading skills, as far as they are known: `Data engineer · 6 years · Python, SQL, dbt`."""
    held, total = title(facts), facts.timeline.total()
    leading = facts.inventory.ranked()[:_NAMED_IN_HEADLINE]
    parts = [tidy(held.value)] if held else []
    parts += [wording.full_years(total.value, facts.language)] if total else []
    parts += [_names(leading, facts.language)] if leading else []
    evidence = [*([held.pointer] if held else []), *(total.evidence if total else ()), *_evidence(leading)]
    return derived(" · ".join(parts), "headline_of_facts", evidence) if parts else None


def summary(facts: Facts) -> Iterator[Statement[str]]:
    """One sentence for each thing that is known."""
    yield from _experience(facts)
    yield from present(_current(facts), _skills(facts))
    candidate = facts.candidate
    last = max(candidate.education, key=_finished, default=None)
    studies = [[text for text in (last.degree, last.area, last.institution) if text]] if last else []
    spoken = [[text for text in (entry.name, entry.fluency) if text] for entry in candidate.languages]
    yield from _list("education", facts, "education", studies, ", ")
    yield from _list("certificates", facts, "names", [[item.name] for item in candidate.certificates], ", ")
    yield from _list("languages", facts, "languages", spoken, " – ")


def _experience(facts: Facts) -> Iterator[Statement[str]]:
    total, held = facts.timeline.total(), title(facts)
    if total is None:
        return
    years = wording.full_years(total.value, facts.language)
    if held is None:
        yield derived(phrases.sentence("experience", facts.language, years=years), "years_of_work", total.evidence)
    else:
        said = phrases.sentence("experience_as", facts.language, title=tidy(held.value), years=years)
        yield derived(said, "title_and_years_of_work", (held.pointer, *total.evidence))


def _current(facts: Facts) -> Statement[str] | None:
    latest = _latest(facts)
    interval = facts.timeline.of(latest) if latest else None
    if latest is None or interval is None or not interval.ongoing:
        return None
    if not (latest.title and latest.employer and latest.start):
        return None
    said = phrases.sentence(
        "current",
        facts.language,
        since=wording.day(latest.start.date, facts.language),
        title=tidy(latest.title.value),
        employer=tidy(latest.employer.value),
    )
    evidence = (latest.title.pointer, latest.employer.pointer, *interval.evidence)
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


def _latest(facts: Facts) -> Position | None:
    """The position that reaches furthest; of several, the one that began last."""
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
