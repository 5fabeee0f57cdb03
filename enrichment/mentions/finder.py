"""The finder: one pass over the words of a text, with no pattern per skill."""

import re
from collections.abc import Collection, Iterable, Iterator

from enrichment.mentions.company import meant
from enrichment.mentions.denial import is_denied
from enrichment.mentions.words import WORD, Hit, Words
from enrichment.pointers import LONGEST_TEXT
from enrichment.taxonomy import Case, Skill, Spelling, fold

_WITHIN_A_NAME = re.compile(r"[ \-._/’'&]| / | & ")


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

    def find(self, text: str, declared: Collection[Skill] = ()) -> tuple[Skill, ...]:
        """The skills that `text` names, once each, in order; only the first 20,000 characters are read.

        Of the `declared`, which the candidate lists as skills, homonyms are believed more readily.
        """
        return tuple(dict.fromkeys(skill for skill, _, _ in self.locate(text, declared)))

    def locate(
        self, text: str, declared: Collection[Skill] = (), denied: bool = False
    ) -> Iterator[tuple[Skill, int, int]]:
        """Each place where `text` names a skill: the skill, and from where to where its name stands.

        With `denied` also those where it says that the skill is missing.
        """
        words = Words(text[:LONGEST_TEXT])
        hits = [hit for hit in self._hits(words) if denied or not is_denied(words, hit)]
        for hit in meant(words, hits, declared):
            yield hit.spelling.skill, words.spans[hit.first][0], words.spans[hit.last][1]

    def _add(self, spellings: Iterable[Spelling]) -> None:
        for spelling in spellings:
            words = tuple(fold(match[0]) for match in WORD.finditer(spelling.text))
            for phrase in {words, ("".join(words),)}:
                if phrase[:1] and phrase[0]:
                    key = " ".join(phrase)
                    # A new list each time: `with_own` shares the lists of the finder it widens.
                    self._phrases[key] = sorted([*self._phrases.get(key, ()), spelling], key=_strictest_first)
                    self._longest[phrase[0]] = max(self._longest.get(phrase[0], 0), len(phrase))

    def _hits(self, words: Words) -> Iterator[Hit]:
        """From left to right, the longest phrase at each word whose spelling fits."""
        following = 0
        for position, word in enumerate(words.folded):
            longest = self._longest.get(word)
            if longest is not None and position >= following and (hit := self._hit_at(words, position, longest)):
                following = hit.last + 1
                yield hit

    def _hit_at(self, words: Words, first: int, longest: int) -> Hit | None:
        for last in range(min(first + longest, len(words.folded)) - 1, first - 1, -1):
            spellings = self._phrases.get(" ".join(words.folded[first : last + 1]), ())
            if spellings and all(_WITHIN_A_NAME.fullmatch(words.gap(at)) for at in range(first, last)):
                for spelling in spellings:
                    if spelling.case is Case.ANY or words.written(first, last) == spelling.text:
                        return Hit(first, last, spelling)
        return None


def _strictest_first(spelling: Spelling) -> int:
    return -spelling.case
