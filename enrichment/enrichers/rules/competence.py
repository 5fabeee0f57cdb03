"""`competence_file_generation`: the content of the file that a consultancy sends to a client."""

import re
from collections.abc import Iterable, Sequence

from enrichment import candidate as nouns
from enrichment.candidate import Candidate
from enrichment.enrichers.rules.experience import achievements, engagement, technologies
from enrichment.enrichers.rules.facts import Facts
from enrichment.enrichers.rules.inventory import Use
from enrichment.enrichers.rules.profile import skill_summary, summary, title
from enrichment.enrichers.rules.stages import Stage, Stages
from enrichment.enrichers.rules.statements import bulleted, dated, derived, passages, present, tidied
from enrichment.enrichers.rules.texts import tidy
from enrichment.enrichers.rules.timeline import reached
from enrichment.pointers import Text
from enrichment.results import (
    Achievement,
    CompetenceFileResult,
    EducationEntry,
    Header,
    LanguageEntry,
    ListedItem,
    ProjectEntry,
    SkillGroup,
    Statement,
)
from enrichment.taxonomy import same

_MOST_ACHIEVEMENTS, _MOST_PER_POSITION, _LONGEST_ACHIEVEMENT = 5, 2, 220
"""The first page quotes few results, from more than one position, and no long ones."""
_CHANGE = re.compile(
    r"[%$€£]|percent|pour cent|\b(?:EUR|USD|CHF)\b|\d\s?[x×]$|^(?:from|de) .*\d.* (?:to|à) |^(?:divi|multipl)"
    r"|\b(?:hours|minutes|seconds|ms|heures|secondes|horas)$",
    re.IGNORECASE,
)
"""A figure of what came of the work, in shares, money, time or multiples; others count things or people."""

_COUNTRY_CODE = 2
"""A country of two letters is a code that no reader wants to see; the region says more."""


def write_competence_file(facts: Facts) -> Stages[CompetenceFileResult]:
    candidate = facts.candidate
    groups = _skill_groups(facts)
    skills = sum(len(group.skills) for group in groups)
    yield Stage(30, "skills", f"{skills} skills in {len(groups)} categories")
    experience = tuple(engagement(position, facts) for position in _newest_first(facts))
    yield Stage(55, "experience", f"{len(experience)} positions described")
    introduction, listed = passages(candidate.summary)
    measured = _achievements(facts)
    yield Stage(75, "introduction", f"{len(measured)} measured results chosen")
    return CompetenceFileResult(
        **facts.origin,
        language=facts.language,
        header=_header(facts),
        introduction=introduction,
        introduction_points=listed,
        key_facts=tuple(summary(facts)),
        achievements=measured,
        skills=groups,
        experience=experience,
        projects=tuple(_project(project, facts) for project in candidate.projects),
        education=tuple(_education(entry) for entry in sorted(candidate.education, key=_age)),
        certificates=_items(candidate.certificates),
        languages=_languages(candidate),
        awards=_items(candidate.awards),
        publications=_items(candidate.publications),
        volunteering=tuple(engagement(service, facts) for service in sorted(candidate.volunteer, key=_age)),
        patents=_items(candidate.patents),
        talks=_items(candidate.talks),
    )


def _header(facts: Facts) -> Header:
    candidate = facts.candidate
    country = candidate.country if candidate.country and len(candidate.country.value.strip()) > _COUNTRY_CODE else None
    place = [text for text in (candidate.city, country or candidate.region) if text]
    return Header(
        name=_joined([text for text in (candidate.given_name, candidate.name) if text], " "),
        title=tidied(title(facts)),
        location=_joined(place, ", "),
        total_months=facts.timeline.total(),
        availability=tidied(candidate.availability),
        mobility=present(*(tidied(text) for text in candidate.mobility)),
        daily_rate=_joined(candidate.daily_rate, " "),
    )


def _joined(parts: Sequence[Text], glue: str) -> Statement[str] | None:
    if len(parts) < 2:
        return tidied(parts[0]) if parts else None
    return derived(glue.join(tidy(part.value) for part in parts), "joined", (part.pointer for part in parts))


def _newest_first(facts: Facts) -> list[nouns.Position]:
    """Positions that cannot be counted stand where those of their dates that were read put them."""

    def age(position: nouns.Position) -> tuple[int, int]:
        interval = facts.timeline.of(position)
        return (-interval.end, -interval.start) if interval else _age(position)

    return sorted(facts.candidate.work, key=age)


def _age(entry: nouns.Position | nouns.Education) -> tuple[int, int]:
    """The newest first; what has no date comes last, in the order in which it is listed."""
    end, start = reached(entry.start, entry.end)
    return -end, -start


def _achievements(facts: Facts) -> tuple[Statement[str], ...]:
    chosen: list[Statement[str]] = []
    for position in _newest_first(facts):
        quoted = {same(text.value) for text in chosen}
        measured = [
            one
            for one in sorted(achievements(position), key=_counts_only)
            if len(one.text.value) <= _LONGEST_ACHIEVEMENT and same(one.text.value) not in quoted
        ]
        chosen += [one.text for one in measured[:_MOST_PER_POSITION]]
    return tuple(chosen[:_MOST_ACHIEVEMENTS])


def _counts_only(achievement: Achievement) -> bool:
    """Whether it counts things or people, which tells less than a change."""
    return not any(_CHANGE.search(figure.value) for figure in achievement.figures)


def _skill_groups(facts: Facts) -> tuple[SkillGroup, ...]:
    by_category: dict[str, list[Use]] = {}
    for use in facts.inventory.ranked():
        by_category.setdefault(use.skill.category, []).append(use)
    return tuple(
        SkillGroup(
            category=category,
            label=facts.taxonomy.category_label(category, facts.language),
            skills=tuple(skill_summary(use, facts.language) for use in by_category[category]),
        )
        for category in sorted(by_category, key=facts.taxonomy.order)
    )


def _project(project: nouns.Project, facts: Facts) -> ProjectEntry:
    paragraphs, bullets = passages(project.description, project.summary)
    used = {skill for skill, _ in facts.inventory.named.get(project.pointer, ())}
    others = (keyword for keyword in project.keywords if facts.taxonomy.lookup(keyword.value) not in used)
    return ProjectEntry(
        name=tidied(project.name),
        entity=tidied(project.entity),
        roles=present(*(tidied(role) for role in project.roles)),
        start=dated(project.start),
        end=dated(project.end),
        summary=paragraphs,
        bullets=(*bullets, *present(*(bulleted(text) for text in project.highlights))),
        technologies=technologies(project.pointer, facts),
        keywords=present(*(tidied(keyword) for keyword in others)),
    )


def _education(entry: nouns.Education) -> EducationEntry:
    return EducationEntry(
        institution=tidied(entry.institution),
        degree=tidied(entry.degree),
        area=tidied(entry.area),
        start=dated(entry.start),
        end=dated(entry.end),
        grades=present(*(tidied(grade) for grade in entry.grades)),
        details=_said(*entry.details),
    )


def _said(*given: Text | None) -> tuple[Statement[str], ...]:
    """Every line of some texts, whether it is a paragraph or a point of a list."""
    paragraphs, bullets = passages(*given)
    return (*paragraphs, *bullets)


def _items(items: Iterable[nouns.Item]) -> tuple[ListedItem, ...]:
    named = ((tidied(item.name), item) for item in items)
    return tuple(
        ListedItem(name=name, issuer=tidied(item.issuer), date=dated(item.date), summary=_said(item.summary))
        for name, item in named
        if name
    )


def _languages(candidate: Candidate) -> tuple[LanguageEntry, ...]:
    named = ((tidied(entry.name), entry) for entry in candidate.languages)
    return tuple(LanguageEntry(language=name, fluency=tidied(entry.fluency)) for name, entry in named if name)
