"""Finds the skills that a text names, in one pass over its words: no pattern per skill, and no wild guesses.

Precision comes first, for a wrong skill in a competence file is worse than a missing one: "Go" is not found in "go to
market", "R" not in "R&D", "C" not in "C-level", "Spring" not in "spring 2019", "REST" not in "the rest".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from enrichment.pointers import LONGEST_TEXT
from enrichment.taxonomy import Case, Skill, Spelling, fold

_WORD = re.compile(r"(?:(?<=[\s(,/;:])|^)\.[A-Za-z]+|[0-9A-Za-z\u00C0-\u024F]+[+#]*")
"""A word of Latin letters with its signs (`C++`, `C#`, `.NET`); other scripts separate words: 熟悉Python和Java."""
_WITHIN_A_NAME = re.compile(r"[ \-._/’'&]| / | & ")
_BETWEEN_SKILLS = re.compile(r"[\s,/&|()+;:•·-]*")
_GLUE = {"-", "&", "'", "’", "@", "_"}
_AND = {"and", "or", "et", "ou", "y", "o", "e", "und", "oder"}
_USING = {"in", "using", "with", "via", "en", "avec", "sous", "utilisant", "mit", "con", "em", "com"}
_ROLE_BEFORE = {"developpeur", "developpeuse", "ingenieur", "ingenieure"}
_ROLE_AFTER = {"developer", "engineer", "programmer", "programming", "code"}
_NOT = {
    *("no", "not", "nor", "neither", "without", "never", "zero", "except", "excluding", "lack", "lacks", "lacking"),
    *("barely", "hardly", "rarely", "unable", "failed"),
    *("pas", "ni", "sans", "aucun", "aucune", "jamais", "rien", "guere", "nullement", "hors", "hormis", "sauf"),
    *("excepte", "exception", "kein", "keine", "ohne", "sin", "sem"),
}
_PASSED_OVER = {
    *("experience", "knowledge", "connaissance", "any", "prior"),
    *("with", "of", "in", "to", "de", "du", "en", "d", "avec"),
}
_CLAUSE_ENDS = frozenset(".!?;:,()\n·•|–—")


class _Words:
    """The words of a text: each folded, and from where to where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = [match.span() for match in _WORD.finditer(text)]
        self.folded = [fold(text[start:end]) for start, end in self.spans]

    def written(self, first: int, last: int) -> str:
        return self.text[self.spans[first][0] : self.spans[last][1]]

    def gap(self, after: int) -> str:
        """What stands between a word and the next one."""
        return self.text[self.spans[after][1] : self.spans[after + 1][0]]

    def at(self, position: int) -> str:
        """A folded word, `""` outside of the text."""
        return self.folded[position] if 0 <= position < len(self.folded) else ""


@dataclass(frozen=True, slots=True)
class _Hit:
    first: int
    last: int
    spelling: Spelling

    @property
    def needs_company(self) -> bool:
        return self.spelling.case is Case.LISTED


class Mentions:
    """A finder for a set of spellings; make it once and keep it."""

    def __init__(self, spellings: Iterable[Spelling]) -> None:
        self._phrases: dict[str, list[Spelling]] = {}
        self._longest: dict[str, int] = {}
        self._add(spellings)

    def with_own(self, spellings: Iterable[Spelling]) -> "Mentions":
        """The same finder with a candidate's own words besides."""
        wider = Mentions(())
        wider._phrases, wider._longest = dict(self._phrases), dict(self._longest)
        wider._add(spellings)
        return wider

    def find(self, text: str) -> tuple[Skill, ...]:
        """The skills that `text` names, once each, in order; only the first 20,000 characters are read."""
        return tuple(dict.fromkeys(skill for skill, _, _ in self.locate(text)))

    def locate(self, text: str, denied: bool = False) -> Iterator[tuple[Skill, int, int]]:
        """Each place where `text` names a skill: the skill, and from where to where its name stands.

        With `denied` also those where it says that the skill is missing.
        """
        words = _Words(text[:LONGEST_TEXT])
        hits = list(self._hits(words))
        before: _Hit | None = None
        for hit, after in zip_longest(hits, hits[1:]):
            meant = not hit.needs_company or _in_company(words, hit, before, after)
            if meant and (denied or not _denied(words, hit)):
                before = hit
                yield hit.spelling.skill, words.spans[hit.first][0], words.spans[hit.last][1]

    def _add(self, spellings: Iterable[Spelling]) -> None:
        for spelling in spellings:
            words = tuple(fold(match[0]) for match in _WORD.finditer(spelling.text))
            for phrase in {words, ("".join(words),)}:
                if phrase[:1] and phrase[0]:
                    key = " ".join(phrase)
                    # A new list each time: `with_own` shares the lists of the finder it widens.
                    self._phrases[key] = sorted([*self._phrases.get(key, ()), spelling], key=_strictest_first)
                    self._longest[phrase[0]] = max(self._longest.get(phrase[0], 0), len(phrase))

    def _hits(self, words: _Words) -> Iterator[_Hit]:
        """From left to right, the longest phrase at each word whose spelling fits."""
        following = 0
        for position, word in enumerate(words.folded):
            longest = self._longest.get(word)
            if longest is not None and position >= following and (hit := self._hit_at(words, position, longest)):
                following = hit.last + 1
                yield hit

    def _hit_at(self, words: _Words, first: int, longest: int) -> _Hit | None:
        for last in range(min(first + longest, len(words.folded)) - 1, first - 1, -1):
            spellings = self._phrases.get(" ".join(words.folded[first : last + 1]), ())
            if spellings and all(_WITHIN_A_NAME.fullmatch(words.gap(at)) for at in range(first, last)):
                for spelling in spellings:
                    if spelling.case is Case.ANY or words.written(first, last) == spelling.text:
                        return _Hit(first, last, spelling)
        return None


def _strictest_first(spelling: Spelling) -> int:
    return -spelling.case


def _in_company(words: _Words, hit: _Hit, before: _Hit | None, after: _Hit | None) -> bool:
    """Whether what stands around a word that is also plain language shows that the skill is meant."""
    start, end = words.spans[hit.first][0], words.spans[hit.last][1]
    char_before, char_after = words.text[max(start - 1, 0) : start], words.text[end : end + 1]
    if char_before in _GLUE or char_after in _GLUE:
        return False
    previous, following = words.at(hit.first - 1), words.at(hit.last + 1)
    if previous in _USING and not following.isdigit() and char_after != ".":
        return True
    if previous in _ROLE_BEFORE or (following in _ROLE_AFTER and char_after == " "):
        return True
    if before is not None and _neighbours(words, before, hit):
        return True
    return after is not None and not after.needs_company and _neighbours(words, hit, after)


def _neighbours(words: _Words, left: _Hit, right: _Hit) -> bool:
    """Whether nothing but punctuation, or an "and", stands between two skills."""
    between = range(left.last + 1, right.first)
    if any(words.at(position) not in _AND for position in between) or len(between) > 1:
        return False
    return all(_BETWEEN_SKILLS.fullmatch(words.gap(position)) for position in range(left.last, right.first))


def _denied(words: _Words, hit: _Hit) -> bool:
    """Whether the text says that the skill is missing: "no experience with Kubernetes"."""
    position = hit.first - 1
    while words.at(position) in _PASSED_OVER and _CLAUSE_ENDS.isdisjoint(words.gap(position)):
        position -= 1
    return words.at(position) in _NOT and _CLAUSE_ENDS.isdisjoint(words.gap(position))
