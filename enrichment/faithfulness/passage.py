"""A text and what it states: numbers, dates, skills, claims, restraints, each found when first asked for."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from enrichment.faithfulness import currencies
from enrichment.faithfulness.lexicon import CLAIMS, lexicons, plain
from enrichment.faithfulness.numbers import Day, Number, days_in, numbers_in
from enrichment.faithfulness.skills import listed_skills, skill_finder
from enrichment.faithfulness.words import Word, composed, words_of
from enrichment.pointers import LONGEST_TEXT
from enrichment.taxonomy import Skill

_STEM = 5
_FIRST_SIGN = "\u3040"
"""From here on a word is a single sign of a script without spaces."""
_IRREGULAR = {"led": "lead", "built": "build", "wrote": "write", "ran": "run", "drove": "drive", "made": "make"}
_LONGEST_RESTRAINT = 3
_CLAUSE_ENDS = frozenset(".!?;:,()\n·•|–—")
_TURNS = {"but", "mais", "and", "et", "while", "when", "tout", "car", "because", "so", "or", "ou"}
_SECOND_HALVES = {"plus", "pas", "rien", "jamais", "guere", "personne", "aucun", "aucune", "nullement"}
_FARTHEST_HALF = 5
"""Words after `ne`: `n'a pas`, `ne l'a encore jamais`."""
_APOSTROPHES = {"'", "’"}
_ONLY = {"only", "seulement", "uniquement", "just"}


class Passage:
    """One text, of which the first 20,000 characters are read."""

    def __init__(self, text: str) -> None:
        self.text = composed(text[:LONGEST_TEXT])

    @cached_property
    def words(self) -> list[Word]:
        return words_of(self.text)

    @cached_property
    def folded(self) -> frozenset[str]:
        return frozenset(word.folded for word in self.words)

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(stem(word) for word in self.folded)

    @cached_property
    def days(self) -> tuple[Day, ...]:
        return tuple(days_in(self.text, self.words))

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Those that are no part of a date."""
        dated = {position for day in self.days for position in range(day.start, day.end)}
        return tuple(number for number in numbers_in(self.text, self.words) if number.start not in dated)

    @cached_property
    def currencies(self) -> frozenset[str]:
        """Their codes, where they stand alone or before a number."""
        return currencies.named_in(self.text)

    @cached_property
    def skills(self) -> tuple[tuple[Skill, int, int], ...]:
        """Also those that it denies: what becomes of a negation is another question."""
        return tuple(skill_finder().locate(self.text, denied=True))

    @cached_property
    def listed(self) -> frozenset[Skill]:
        return frozenset(skill for _, skill in listed_skills(self.text))

    @cached_property
    def claims(self) -> dict[str, list[tuple[int, int, str]]]:
        """By group: the first and last word of each claim, and its family."""
        return {group: list(lexicons()[group].find(self.words)) for group in CLAIMS}

    def restrained(self, kind: str) -> list[frozenset[str]]:
        """The stems that each restraint of a kind bears on: the first content words after it, in the same clause."""
        found = [last for _, last, family in lexicons()["restraint"].find(self.words) if family == kind]
        after = [*found, *self._french_negations()] if kind == "negation" else found
        return [scope for marker in after if (scope := self._scope(marker))]

    def _french_negations(self) -> Iterator[int]:
        """Each `ne` or `n'` with what it needs: `ne gère plus`, `n'encadre personne`. Between them stands the verb."""
        for at, word in enumerate(self.words):
            ends = word.end
            if word.folded == "ne" or (word.folded == "n" and self.text[ends : ends + 1] in _APOSTROPHES):
                following = self.words[at + 1 : at + 1 + _FARTHEST_HALF]
                half = next((other for other in following if other.folded in _SECOND_HALVES), None)
                if half and _CLAUSE_ENDS.isdisjoint(self.text[ends : half.start]):
                    yield at

    def _scope(self, marker: int) -> frozenset[str]:
        bears_on: list[str] = []
        for position in range(marker + 1, len(self.words)):
            word = self.words[position]
            gap = self.text[self.words[position - 1].end : word.start]
            if position == marker + 1 and word.folded in _ONLY:
                break
            if not _CLAUSE_ENDS.isdisjoint(gap) or (word.folded in _TURNS and bears_on):
                break
            if is_content(word.folded) and word.folded not in _SECOND_HALVES:
                bears_on.append(stem(word.folded))
                if len(bears_on) == _LONGEST_RESTRAINT:
                    break
        return frozenset(bears_on)

    def content(self, but: Sequence[tuple[int, int]] = ()) -> Iterator[Word]:
        """The words that say something, without those inside of the given spans."""
        for word in self.words:
            if is_content(word.folded) and not within(word.start, word.end, but):
                yield word


def stem(folded: str) -> str:
    """What a word's forms mostly share: `migrated`, `migrating`, `migration`; `développé`, `développement`."""
    return _IRREGULAR.get(folded, folded)[:_STEM]


def is_content(folded: str) -> bool:
    """Whether a word carries meaning of its own: no short word, no number, no function word."""
    written = len(folded) > 2 or folded >= _FIRST_SIGN
    return written and not folded[0].isdecimal() and folded not in plain("function")


def within(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(first <= start and end <= last for first, last in spans)
