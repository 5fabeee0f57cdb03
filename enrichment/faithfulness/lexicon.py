"""The words of `claims.toml`, found in a text in one pass."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from enrichment.faithfulness.words import Word

CLAIMS = ("scope", "seniority", "superlative", "scale")
_SHORTEST_STEM = 4


@dataclass(slots=True)
class Lexicon:
    """Families of words by group: `scope`, `seniority`, and so on."""

    _phrases: dict[str, list[tuple[tuple[str, ...], str]]] = field(default_factory=dict)
    """By their first word, the longest first: the whole phrase and its family."""
    _stems: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By their first letters, the shortest first: the stem and its family."""

    def add(self, family: str, listed: str) -> None:
        for entry in listed.split(", "):
            words = tuple(entry.split())
            if entry.endswith("*") and len(words) == 1:
                stem = entry[:-1]
                alike = self._stems.setdefault(stem[:_SHORTEST_STEM], [])
                alike.append((stem, family))
                alike.sort(key=lambda known: len(known[0]))
            else:
                known = self._phrases.setdefault(words[0], [])
                known.append((words, family))
                known.sort(key=lambda phrase: -len(phrase[0]))

    def find(self, words: Sequence[Word]) -> Iterator[tuple[int, int, str]]:
        """Each claim: the positions of its first and last word, and its family."""
        for at, word in enumerate(words):
            if family := self._stem(word.folded):
                yield at, at, family
            for phrase, family in self._phrases.get(word.folded, ()):
                if all(_fits(part, words, at + ahead) for ahead, part in enumerate(phrase)):
                    yield at, at + len(phrase) - 1, family
                    break

    def _stem(self, folded: str) -> str | None:
        alike = self._stems.get(folded[:_SHORTEST_STEM], ())
        return next((family for stem, family in alike if folded.startswith(stem)), None)


def _fits(part: str, words: Sequence[Word], at: int) -> bool:
    if at >= len(words):
        return False
    return words[at].folded.startswith(part[:-1]) if part.endswith("*") else words[at].folded == part


@cache
def lexicons() -> Mapping[str, Lexicon]:
    """The shipped lists by group, read when first asked for."""
    groups: dict[str, Lexicon] = {}
    for group, families in _shipped().items():
        groups[group] = Lexicon()
        for family, listed in families.items():
            groups[group].add(family, listed)
    return groups


@cache
def plain(kind: str) -> frozenset[str]:
    """Words that claim nothing: `function` words and `frame` words."""
    return frozenset(_shipped()["plain"][kind].split(", "))


@cache
def _shipped() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files(__package__).joinpath("claims.toml").read_text(encoding="utf-8"))
