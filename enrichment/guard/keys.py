"""What a key says of its value: which personal data it is, or that its object speaks of something else than the person.

A key is read as words, however it joins them: `mobilePhone`, `mobile_phone`, `Mobile phone`. Its last word is what it
names: `workPhone` is a telephone, and `socialSkills` are skills.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from itertools import combinations

_MOST_WORDS = 6
"""A key of more words is a text."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_OF_THE_CANDIDATE = {"ID", "ADDRESS", "LINK", "NAME"}
"""Only in an object that speaks of the person; an employer's address is the employer's."""
_OF_ANYBODY = {"EMAIL", "PHONE", "BIRTH", "NATIONALITY", "GENDER"}
_FIELDS = {"EMAIL", "PHONE", "RATE"}
"""What the last word of a longer key tells also in a section: `supervisorPhone` is one, "Our photos" is a title."""
_OF_NOBODY = {"network", "currency", "unit", "devise", "period"}


class About(Enum):
    """What an object speaks of, as the keys that lead to it say. Of a vocabulary the keys are terms themselves."""

    PERSON = 1
    SECTION = 2
    VOCABULARY = 3


def read(key: str, within: About) -> tuple[str | None, About]:
    """The kind of personal data that stands under a key of an object, and what an object there speaks of."""
    words, known = _words(key), _known()
    if within is About.VOCABULARY or not words or len(words) > _MOST_WORDS:
        return None, within
    if "".join(words) in _OF_NOBODY:
        return None, About.SECTION
    if _is_one(words[-1], known.vocabularies):
        return None, About.VOCABULARY
    if within is About.SECTION:
        return _kind_in_a_section(words, known), within
    if _is_one(words[-1], known.sections):
        return None, About.SECTION
    if (kind := _kind(words, known)) is not None:
        return kind, within
    return None, About.SECTION if any(_is_one(word, known.sections | known.vocabularies) for word in words) else within


def is_nobodys(key: str) -> bool:
    """Also beside something personal this is not: the currency of a salary."""
    return "".join(_words(key)) in _OF_NOBODY


def names_somebody(keys: Iterable[str]) -> bool:
    """Whether an object with such keys speaks of a person, wherever it stands."""
    return any(read(key, About.PERSON)[0] in _OF_ANYBODY for key in keys)


@dataclass(frozen=True, slots=True)
class _Spelled:
    """The words of one kind."""

    anywhere: frozenset[str]
    last: frozenset[str]
    alone: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    kinds: dict[str, _Spelled]
    vocabularies: frozenset[str]
    sections: frozenset[str]


@cache
def _known() -> _Known:
    data = tomllib.loads(resources.files(__package__).joinpath("keys.toml").read_text(encoding="utf-8"))
    about = {name: frozenset(words.split()) for name, words in data["about"].items()}
    return _Known({kind: _spelled(words.split()) for kind, words in data["kinds"].items()}, **about)


def _spelled(words: list[str]) -> _Spelled:
    signed = {sign: frozenset(word[1:] for word in words if word[0] == sign) for sign in "*="}
    return _Spelled(frozenset(word for word in words if word[0] not in signed), last=signed["*"], alone=signed["="])


def _kind(words: list[str], known: _Known) -> str | None:
    runs = ["".join(words[start:end]) for start, end in combinations(range(len(words) + 1), 2)]
    for kind, spelled in known.kinds.items():
        named = any(_is_one(run, spelled.anywhere) for run in runs)
        if named or _is_one(words[-1], spelled.last) or _is_one("".join(words), spelled.alone):
            return kind
    return None


def _kind_in_a_section(words: list[str], known: _Known) -> str | None:
    """What is personal of anybody, as a field is called and not as a title may be; "mobile" is a platform there."""
    whole = "".join(words)
    for kind, spelled in known.kinds.items():
        called = spelled.anywhere | spelled.last | spelled.alone
        is_field = kind in _FIELDS and _is_one(words[-1], spelled.anywhere)
        if kind not in _OF_THE_CANDIDATE and (is_field or _is_one(whole, called)):
            return None if whole == "mobile" else kind
    return None


def _words(key: str) -> list[str]:
    plain = "".join(char for char in unicodedata.normalize("NFKD", key) if not unicodedata.combining(char))
    return [word.lower() for word in _WORD.findall(plain)]


def _is_one(word: str, known: frozenset[str]) -> bool:
    return word in known or word.removesuffix("s") in known or word.removesuffix("es") in known
