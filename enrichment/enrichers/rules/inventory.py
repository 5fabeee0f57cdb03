"""Every skill of a candidate under one name: as listed, as the positions name it, for how long and how well."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from enrichment import candidate as nouns
from enrichment import practice
from enrichment.candidate import Candidate, When
from enrichment.enrichers.rules.listing import skills_in
from enrichment.enrichers.rules.statements import excerpt
from enrichment.enrichers.rules.timeline import Interval, Timeline, union, year_month
from enrichment.mentions import Mentions
from enrichment.pointers import Text
from enrichment.results import Kind, Level, Said, Statement
from enrichment.taxonomy import OTHER, Skill, Spelling, Taxonomy, same

_MOST_OWN_WORDS, _SHORTEST_OWN_WORD = 200, 3
_WEAK = {"methods", "soft"}

Place = nouns.Position | nouns.Project

LEVELS = ((12, Level.BEGINNER), (36, Level.INTERMEDIATE), (73, Level.ADVANCED))
"""Below so many months the level; from the last on, `expert`."""


@dataclass
class Use:
    """One skill and everything that the candidate's data says about it."""

    skill: Skill
    written: list[tuple[str, Text]] = field(default_factory=list)
    """Each spelling in the list of skills, and the text it is part of."""
    levels: list[tuple[str, Text, bool]] = field(default_factory=list)
    """Each stated level, the text it is part of, and whether it was stated of the skill itself and not of its group."""
    years: tuple[str, Text] | None = None
    """As stated, and the text they are part of."""
    last_used: When | None = None
    named_in: list[Text] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)

    @property
    def evidence(self) -> tuple[str, ...]:
        texts = [text for _, text in self.written] or self.named_in
        return tuple(dict.fromkeys(text.pointer for text in texts))

    def name(self, language: str) -> Statement[str]:
        label = self.skill.label(language)
        copied = any(text.value == label for _, text in self.written)
        if copied:
            where = tuple(dict.fromkeys(text.pointer for _, text in self.written if text.value == label))
            return Said(value=label, kind=Kind.COPIED, evidence=where)
        return Said(value=label, kind=Kind.NORMALISED, evidence=self.evidence, rule="name_of_skill")

    @cached_property
    def months(self) -> Statement[int] | None:
        """Asked for only when all intervals are known."""
        return union(self.intervals, "union_of_positions", (text.pointer for text in self.named_in))

    @property
    def practised(self) -> int:
        """Months by the candidate's own years, else as counted: who knows it best comes first."""
        stated = practice.years_in(self.years[0]) if self.years else None
        return round(stated * 12) if stated is not None else self.months.value if self.months else 0

    def declared_years(self) -> Statement[str] | None:
        return excerpt(self.years[1], self.years[0], "stated_years") if self.years else None

    def declared_level(self) -> Statement[str] | None:
        """A level stated of the skill itself before one stated of its group."""
        level, text, of_itself = max(self.levels, key=lambda level: level[2], default=("", None, False))
        if text is None:
            return None
        if of_itself:
            return excerpt(text, level, "stated_level")
        return Said(value=level, kind=Kind.INFERRED, evidence=(text.pointer,), rule="level_of_its_group")

    def level(self) -> Statement[Level] | None:
        """The candidate's own level, else judged by the candidate's own years, else by months of use."""
        declared = self.declared_level()
        if declared and (own := practice.level_in(declared.value)):
            return Statement[Level](value=own, kind=Kind.INFERRED, evidence=declared.evidence, rule="level_as_declared")
        if self.years and practice.years_in(self.years[0]) is not None:
            return Statement[Level](
                value=level_of(self.practised),
                kind=Kind.INFERRED,
                evidence=(self.years[1].pointer,),
                rule="level_by_stated_years",
            )
        months = self.months
        if months is not None:
            return Statement[Level](
                value=level_of(months.value), kind=Kind.INFERRED, evidence=months.evidence, rule="level_by_months"
            )
        return None

    def last_month(self) -> Statement[str] | None:
        if self.last_used and (year := self.last_used.date.year):
            month = self.last_used.date.month
            value = f"{year:04}-{month:02}" if month else f"{year:04}"
            where = (self.last_used.pointer,)
            return Said(value=value, kind=Kind.NORMALISED, evidence=where, rule="year_and_month")
        last = max(self.intervals, key=lambda interval: interval.end, default=None)
        if last is None or last.months is None:
            return None
        return Said(
            value=year_month(last.end - 1), kind=Kind.DERIVED, evidence=last.evidence, rule="end_of_last_position"
        )


def level_of(months: int) -> Level:
    return next((level for below, level in LEVELS if months < below), Level.EXPERT)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All skills in the order in which they are listed, then in which the positions name them."""

    uses: tuple[Use, ...]
    named: dict[str, tuple[tuple[Skill, Text], ...]]
    """By a position's or project's pointer: the skills its texts name, each with the first text that does."""

    def ranked(self) -> list[Use]:
        """The longest practised first; methods and personal qualities, which say little, after all others."""
        return sorted(
            self.uses,
            key=lambda use: (use.skill.category in _WEAK, -use.practised, not use.written),
        )


def take_inventory(candidate: Candidate, timeline: Timeline, taxonomy: Taxonomy, mentions: Mentions) -> Inventory:
    uses: dict[str, Use] = {}
    for entry in candidate.skills:
        _list(entry, uses, taxonomy, mentions)
    finder = _with_own_words(uses.values(), mentions)
    named: dict[str, tuple[tuple[Skill, Text], ...]] = {}
    declared = frozenset(use.skill for use in uses.values())
    places: tuple[Place, ...] = (*candidate.engagements, *candidate.projects)
    for place in places:
        found = _named(place, taxonomy, finder, declared)
        named[place.pointer] = tuple((skill, where[0]) for skill, where in found.items())
        interval = timeline.intervals.get(place.pointer)
        for skill, where in found.items():
            use = _use_of(skill, uses)
            use.named_in.extend(where)
            if interval:
                use.intervals.append(interval)
    return Inventory(tuple(uses.values()), named)


def _use_of(skill: Skill, uses: dict[str, Use]) -> Use:
    return uses.setdefault(same(skill.name) or skill.name, Use(skill))


def _with_own_words(uses: Iterable[Use], mentions: Mentions) -> Mentions:
    """Listed skills that the taxonomy does not know are looked for in the positions too."""
    own = [use.skill for use in uses if use.skill.category == OTHER and len(use.skill.name) >= _SHORTEST_OWN_WORD]
    return mentions.with_own(Spelling(skill.name, skill) for skill in own[:_MOST_OWN_WORDS]) if own else mentions


def _list(entry: nouns.Skill, uses: dict[str, Use], taxonomy: Taxonomy, mentions: Mentions) -> None:
    """Enters a skill, or the skills of a group: a group's name is a skill only if the taxonomy knows it as one."""
    named = [(entry.name, True)] if entry.name else []
    listed = [(keyword, False) for keyword in entry.keywords]
    for text, is_name in (*named, *listed):
        for written, skill in skills_in(text.value, taxonomy, mentions):
            if is_name and listed and skill.category == OTHER:
                continue
            use = _use_of(skill, uses)
            use.written.append((written, text))
            said = practice.read(written)
            if said.level:
                use.levels.append((said.level, text, True))
            if entry.level:
                use.levels.append((entry.level.value, entry.level, is_name))
            if is_name and entry.years:
                use.years = use.years or (entry.years.value, entry.years)
            if said.years:
                use.years = use.years or (said.years, text)
            if is_name:
                use.last_used = use.last_used or entry.last_used


def _named(place: Place, taxonomy: Taxonomy, finder: Mentions, declared: frozenset[Skill]) -> dict[Skill, list[Text]]:
    """The skills that a position's or project's texts name, each with those texts. An employer's name is none.

    Keywords are often no skills ("growth", "education"): one that is the whole name of a known skill is that skill, the
    others are read like prose. What a candidate declares says nothing of a title: who lists Chef today may have been
    one.
    """
    found: dict[Skill, list[Text]] = {}
    for text in (*place.technologies, *(keyword for keyword in place.keywords if taxonomy.lookup(keyword.value))):
        for _, skill in skills_in(text.value, taxonomy, finder):
            found.setdefault(skill, []).append(text)
    keywords = finder.find(", ".join(text.value for text in place.keywords), declared)
    title = place.title if isinstance(place, nouns.Position) else None
    known = declared.union(found, keywords)
    for text in _prose(place):
        for skill in finder.find(text.value, () if text is title else known):
            found.setdefault(skill, []).append(text)
    return found


def _prose(place: Place) -> Sequence[Text]:
    if isinstance(place, nouns.Position):
        single: Iterable[Text | None] = (place.title, place.context, place.summary)
        return [*(text for text in single if text), *place.highlights, *place.keywords]
    return [*(text for text in (place.description, place.summary) if text), *place.highlights, *place.keywords]
