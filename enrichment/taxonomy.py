"""Our skills: what a written skill is called, in which category it belongs, and which other was perhaps meant."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache
from importlib import resources
from itertools import filterfalse
from typing import Any

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

OTHER = "other"
"""The category of a skill that the taxonomy does not know."""
NOT_TECHNICAL = frozenset({"methods", "soft", "marketing", "finance", "operations"})
"""Categories whose skills are no technologies."""
_MIN_FUZZY_LENGTH, _MIN_FUZZY_RATIO = 6, 90
_SHORTEST_SLIP, _ANY_SLIP_LENGTH, _TWO_SLIPS_LENGTH = 2, 4, 8
_NOT_IN_A_KEY = re.compile(r"[^\w+#&]|_")
_DIGITS = re.compile(r"\d")


class Case(IntEnum):
    """How strictly a spelling is matched; the head of `taxonomy.toml` says it in full."""

    ANY = 0
    CASED = 1
    LISTED = 2
    EXACT = 3


class Also(StrEnum):
    """What else a spelling is: such a homonym needs more than itself to be taken for the skill."""

    WORD = "word"
    """A word of the language, which a capital hardly tells from the skill: React, Excel, Rust."""
    NAME = "name"
    """What somebody or some place is called, so that not even "with" or "in" tells them apart: Julia, Phoenix, Chef."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill by its one name; `french` where a French document calls it otherwise."""

    name: str
    category: str = OTHER
    french: str | None = None

    def label(self, language: str) -> str:
        return (self.french if language == "fr" else None) or self.name


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a skill."""

    text: str
    skill: Skill
    case: Case = Case.ANY
    also: Also | None = None


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The skills of one version.

    Matching is exact or by punctuation alone: fuzzy scores put Java and JavaScript, SQL and NoSQL, React and React
    Native at 90 and more, so they only ever suggest.
    """

    version: str
    categories: Mapping[str, Mapping[str, str]]
    """Labels by category and language, in the order of a competence file."""
    spellings: tuple[Spelling, ...]
    _exact: dict[str, Skill] = field(init=False, default_factory=dict)
    _any: dict[str, Skill] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for spelling in self.spellings:
            self._exact.setdefault(_key(spelling.text), spelling.skill)
            if spelling.case is not Case.EXACT:
                self._any.setdefault(same(spelling.text), spelling.skill)

    def lookup(self, written: str) -> Skill | None:
        """The skill that `written`, the whole of it, is a spelling of: `NodeJS`, `node.js` and `Node JS` are one."""
        key = _key(written)
        return self._exact.get(key) or self._any.get(fold(key)) if key else None

    def suggest(self, written: str) -> Skill | None:
        """What was perhaps meant by a spelling that `lookup` does not know; never for short names or other digits."""
        key = same(written)
        if len(key) < _MIN_FUZZY_LENGTH:
            return None
        digits = _DIGITS.findall(key)
        near = process.extract(key, self._any.keys(), scorer=fuzz.ratio, score_cutoff=_MIN_FUZZY_RATIO, limit=3)
        return next((self._any[found] for found, _, _ in near if _DIGITS.findall(found) == digits), None)

    def could_mean(self, written: str, name: str) -> bool:
        """Whether `written`, which `lookup` does not know, is a slip away from a spelling of the skill `name`.

        Wider than `suggest`, since somebody has thought of the name. A name that nobody knows needs a longer spelling.
        """
        key, meant = same(written), self.lookup(name)
        if self.lookup(written):
            return False
        if meant is None:
            return len(key) >= _MIN_FUZZY_LENGTH and _is_slip(key, same(name))
        return any(_is_slip(key, spelling) for spelling, skill in self._any.items() if skill == meant)

    def category_label(self, category: str, language: str) -> str:
        labels = self.categories.get(category) or _OTHER_LABELS
        return labels.get(language) or labels["en"]

    def order(self, category: str) -> int:
        """Where a category stands in a competence file; unknown skills come last."""
        return list(self.categories).index(category) if category in self.categories else len(self.categories)


_OTHER_LABELS = {"en": "Other", "fr": "Autres"}


@cache
def taxonomy() -> Taxonomy:
    """The shipped taxonomy, read when first asked for (some 10 ms)."""
    data = tomllib.loads(resources.files("enrichment").joinpath("taxonomy.toml").read_text(encoding="utf-8"))
    entries = ((name, group, entry) for group, names in data["skills"].items() for name, entry in names.items())
    spellings = (spelling for name, group, entry in entries for spelling in _spellings(name, group, entry))
    return Taxonomy(version=data["version"], categories=data["categories"], spellings=tuple(spellings))


def same(text: str) -> str:
    """What two spellings of one name have in common; `""` for a text of signs alone."""
    return fold(_key(text))


def fold(text: str) -> str:
    """`text` without regard to case, accents and compatibility forms."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(filterfalse(unicodedata.combining, plain))


def _is_slip(key: str, meant: str) -> bool:
    """One letter missing, too many, wrong or exchanged with the next; two where both have eight and more. Of names of
    two or three letters, where every other is a letter away, one that is missing or too many.
    """
    shorter = min(len(key), len(meant))
    if shorter < _SHORTEST_SLIP or _DIGITS.findall(key) != _DIGITS.findall(meant):
        return False
    slips = OSA.distance(key, meant)
    return 0 < slips <= 1 + (shorter >= _TWO_SLIPS_LENGTH) and (shorter >= _ANY_SLIP_LENGTH or len(key) != len(meant))


def _key(text: str) -> str:
    """Letters and digits, with the signs that tell C, C++ and C# apart."""
    return _NOT_IN_A_KEY.sub("", text if text.isascii() else unicodedata.normalize("NFKC", text))


def _spellings(name: str, category: str, entry: list[str] | dict[str, Any]) -> Iterator[Spelling]:
    rules: dict[str, Any] = {"aliases": entry} if isinstance(entry, list) else entry
    skill = Skill(name, category, rules.get("fr"))
    grades: dict[str, Case] = dict.fromkeys(_stated([name, rules.get("fr"), *rules.get("aliases", ())]), Case.ANY)
    for rule, case in (("cased", Case.CASED), ("listed", Case.LISTED), ("exact", Case.EXACT)):
        grades.update(dict.fromkeys(rules.get(rule, ()), case))
    also = Also(rules["also"]) if "also" in rules else None
    return (
        Spelling(text, skill, case, also if case in {Case.CASED, Case.LISTED} else None)
        for text, case in grades.items()
    )


def _stated(texts: Iterable[str | None]) -> Iterator[str]:
    return (text for text in texts if text)
