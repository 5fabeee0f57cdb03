"""What a reworded text says beyond its evidence.

Each test takes what is said and what it rests on, and yields the words that nothing carries. A text that repeats its
evidence passes them all by construction: both sides are read by the same rules.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from enrichment.faithfulness.attribution import misattributed
from enrichment.faithfulness.evidence import Evidence
from enrichment.faithfulness.lexicon import CLAIMS, plain
from enrichment.faithfulness.numbers import Number
from enrichment.faithfulness.passage import Passage, stem, within
from enrichment.faithfulness.words import Word
from enrichment.taxonomy import fold

_MONTH, _YEAR = re.compile(r"\s*(?:months?|mois)\b"), re.compile(r"\s*\+?\s*(?:years?|yrs?|ans?|années?)\b")
_OF_ONE_SKILL = re.compile(r"(?:^|[,:·])\s*([^,:·()]{1,80})\s\($")
_ADDRESS = re.compile(r"[^\s<>()]+@[^\s<>()]*\w|(?:https?://|www\.)[^\s<>()]*\w", re.IGNORECASE)
"""Up to its last letter or digit: what follows belongs to the sentence, or to the list that it stands in."""
_MOST_NEW = 0.4
"""A text of whose words more than two in five are new does not come from its evidence."""


@dataclass(frozen=True)
class Said:
    """A text, and the spans in it that name skills which the evidence names as well."""

    passage: Passage
    carried: tuple[tuple[int, int], ...]


Test = Callable[[Said, Evidence], Iterable[str]]


def said(text: str, evidence: Evidence) -> Said:
    passage = Passage(text)
    return Said(passage, tuple((start, end) for skill, start, end in passage.skills if skill in evidence.skills))


def wrong_dates(said: Said, evidence: Evidence) -> Iterator[str]:
    for day in said.passage.days:
        known = (day.year, day.month, day.day)
        if not any(known[:2] == other[:2] and day.day in {None, other[2]} for other in evidence.days):
            yield said.passage.text[day.start : day.end]


def wrong_numbers(said: Said, evidence: Evidence) -> Iterator[str]:
    for number in said.passage.numbers:
        known = evidence.states(number) or within(number.start, number.end, said.carried)
        if not known and not _counted(number, said.passage.text, evidence):
            yield said.passage.text[number.start : number.end]


def _counted(number: Number, text: str, evidence: Evidence) -> bool:
    """Whether a number of years or months is what the evidence's dates add up to."""
    months = evidence.months
    if named := _OF_ONE_SKILL.search(text, 0, number.start):
        months = evidence.months_of(named[1])
    if _YEAR.match(text, number.end):
        return any(count // 12 == number.value for count in months)
    return bool(_MONTH.match(text, number.end)) and any(number.value in {count, count % 12} for count in months)


def wrong_names(said: Said, evidence: Evidence) -> Iterator[str]:
    """Capitalised words, words with a capital or a digit inside, and addresses."""
    dated = [(day.start, day.end) for day in said.passage.days]
    skip = (*said.carried, *dated)
    words = said.passage.words
    unknown = [
        word.folded not in evidence.folded and not within(word.start, word.end, skip) and not word.folded.isdecimal()
        for word in words
    ]
    for at, word in enumerate(words):
        if not unknown[at]:
            continue
        inside = any(char.isupper() or char.isdecimal() for char in word.text[1:])
        capital = word.text[0].isupper() and len(word.text) > 1
        followed = (
            at + 1 < len(words) and unknown[at + 1] and words[at + 1].text[0].isupper() and not words[at + 1].opens
        )
        if inside or (capital and (not word.opens or followed)):
            yield word.text
    for match in _ADDRESS.finditer(said.passage.text):
        if not any(match[0] in passage.text for passage in evidence.passages):
            yield match[0]


def wrong_skills(said: Said, evidence: Evidence) -> Iterator[str]:
    """Skills that the evidence does not name. A heading is none, even if one is called so: `Formation : Java, Go`."""
    framing, text = plain("frame"), said.passage.text
    for skill, start, end in said.passage.skills:
        if skill not in evidence.skills and fold(text[start:end]) not in framing:
            yield skill.name


def wrong_employers(said: Said, evidence: Evidence) -> Iterator[str]:
    return misattributed(said.passage, said.carried, evidence)


def _claims(group: str) -> Test:
    def test(said: Said, evidence: Evidence) -> Iterator[str]:
        words, left = said.passage.words, evidence.claims(group)
        stated = [(number.start, number.end) for number in said.passage.numbers if evidence.states(number)]
        for first, last, family in said.passage.claims[group]:
            start, end = words[first].start, words[last].end
            if not within(start, end, (*said.carried, *stated)):  # the `million` of a number that is in the evidence
                left[family] -= 1
                if left[family] < 0:
                    yield said.passage.text[start:end]

    return test


def _restraints(kind: str) -> Test:
    """Words that the evidence has only under a restraint stand under one in the text too."""

    def test(said: Said, evidence: Evidence) -> Iterator[str]:
        free = frozenset[str]().union(*(_free(passage, kind) for passage in evidence.passages))
        loose = _free(said.passage, kind, said.carried if kind == "help" else ())
        for passage in evidence.passages:
            for scope in passage.restrained(kind):
                bound = scope - free
                if bound and len(bound & loose) * 3 >= len(bound) * 2:
                    yield from sorted(bound & loose)

    return test


def _free(passage: Passage, kind: str, but: Sequence[tuple[int, int]] = ()) -> frozenset[str]:
    restrained = frozenset[str]().union(*passage.restrained(kind))
    return frozenset(stem(word.folded) for word in passage.content(but)) - restrained


def added_negations(said: Said, evidence: Evidence) -> Iterator[str]:
    """What the evidence affirms and the text denies; what the evidence denies somewhere too is its own business."""
    free = frozenset[str]().union(*(_free(passage, "negation") for passage in evidence.passages))
    denied = [scope for passage in evidence.passages for scope in passage.restrained("negation")]
    for scope in said.passage.restrained("negation"):
        if scope and scope <= free and not any(scope <= other for other in denied):
            yield from sorted(scope)


def novelty(said: Said, evidence: Evidence) -> tuple[int, int]:
    """How many content words are new, of how many."""
    content = [stem(word.folded) for word in _telling(said)]
    return sum(word not in evidence.stems for word in content), len(content)


def too_new(said: Said, evidence: Evidence) -> Iterator[str]:
    new, content = novelty(said, evidence)
    if new > content * _MOST_NEW:
        yield from (word.text for word in _telling(said) if stem(word.folded) not in evidence.stems)


def _telling(said: Said) -> Iterator[Word]:
    """A date is judged as a date: `mars 2016` is no word that `03/2016` lacks."""
    framing, dated = plain("frame"), ((day.start, day.end) for day in said.passage.days)
    return (word for word in said.passage.content((*said.carried, *dated)) if word.folded not in framing)


TESTS: dict[str, Test] = {
    "date": wrong_dates,
    "number": wrong_numbers,
    "name": wrong_names,
    "skill": wrong_skills,
    "employer": wrong_employers,
    **{group: _claims(group) for group in CLAIMS},
    "negation_lost": _restraints("negation"),
    "negation_added": added_negations,
    "restraint_lost": _restraints("help"),
    "unsupported": too_new,
}
"""What a violation is called, and what finds it."""
