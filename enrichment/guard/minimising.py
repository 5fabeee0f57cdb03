"""Takes the person out of the data: what a model does not need to know, it is not told.

Name, e-mail, telephone, address, image, links, birth date, nationality, gender, references, rate and ids become
placeholders, where they stand, as their keys say (`keys`), and wherever else a text repeats them. The structure stays,
so that a pointer into the one leads to the same place in the other.
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from enrichment.guard import keys
from enrichment.guard.keys import About
from enrichment.guard.walking import texts_in
from enrichment.models import JSON
from enrichment.pointers import escape

_PARTICLES = {"von", "van", "der", "den", "del", "los", "las", "dos", "the", "and", "mac", "ben", "bin", "née", "mrs"}

_SHORTEST, _SHORTEST_NUMBER = 3, 7
"""What is looked for in other texts: a letter stands everywhere, and so does a short row of digits."""
_EMAIL = r"(?<![\w.+%-])[\w.+%-]+@[\w-]{1,63}(?:\.[\w-]{1,63})+"
_PHONE = r"(?<![\w+])(?:\+|00|\(0|0)\d?(?:[ .()/-]{0,2}\d){7,13}(?!\w)"
_AMERICAN_PHONE = r"(?<![\w+(])\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4}(?!\w)"
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_NOT_A_DIGIT = re.compile(r"\D+")
_PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")


class Restore:
    """The way back from placeholders to what they stand for."""

    def __init__(self, originals: dict[str, Any]) -> None:
        self._originals = originals

    def text(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: str(self._originals.get(match[0], match[0])), text)

    def pointer(self, pointer: str) -> str:
        """A pointer into the minimised candidate, as one into the candidate: also keys hold placeholders."""
        return _PLACEHOLDER.sub(lambda match: escape(str(self._originals.get(match[0], match[0]))), pointer)

    def replaces(self, value: object) -> bool:
        """Whether a value is a placeholder and nothing else."""
        return isinstance(value, str) and value in self._originals


class _Place(NamedTuple):
    """Where a value stands: the kind of personal data that it is, and what its object speaks of."""

    kind: str | None = None
    about: About = About.PERSON
    key: str = ""

    def below(self, key: str) -> "_Place":
        if self.kind and not keys.is_nobodys(key):
            closer = None if self.kind == "REFERENCE" else keys.read(key, About.PERSON)[0]
            return self._replace(kind=closer or self.kind, key=key)
        return _Place(*keys.read(key, self.about), key)

    def entry(self, item: object) -> "_Place":
        """A place in a list. A list of objects under a name that nobody knows is a section, unless they are people."""
        if self.kind or self.about is not About.PERSON or not isinstance(item, dict) or keys.names_somebody(item):
            return self
        return self._replace(about=About.SECTION)

    def kind_of(self, value: object) -> str | None:
        """Of a value that is neither an object nor a list."""
        if self.kind or self.about is not About.PERSON or not isinstance(value, str):
            return self.kind
        if _URL.fullmatch(value.strip()):
            return "LINK"
        return "ADDRESS" if self.key == "location" and re.search(r"\d", value) else None

    @property
    def is_sought(self) -> bool:
        """Whether other texts may repeat the value: an id may be any word, and so may what is said beside a referee."""
        if self.kind == "REFERENCE":
            return keys.read(self.key, About.PERSON)[0] in {"NAME", "EMAIL", "PHONE", "REFERENCE"}
        return self.kind != "ID"


def minimise(candidate: JSON) -> tuple[JSON, Restore]:
    """The candidate without the person, and what puts the person back into its texts.

    A value is replaced where it stands; in other texts where it stands as whole words of three characters and more, in
    any case, a name also part by part. E-mail addresses and telephone numbers are replaced wherever they are.
    """
    terms = {text: kind for kind, text in reversed([*_terms(candidate)])}
    kinds = {text.casefold(): kind for text, kind in terms.items()}
    search = _search(terms)
    names = _Placeholders(candidate)

    def named(match: re.Match[str]) -> str:
        kind = "EMAIL" if match["email"] else "PHONE" if match["phone"] else kinds.get(match[0].casefold(), "NAME")
        return names.of(kind, match[0])

    def without(value: Any, place: _Place) -> Any:
        if isinstance(value, dict):
            return {search.sub(named, key): without(item, place.below(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [without(item, place.entry(item)) for item in value]
        if (kind := place.kind_of(value)) and _says_something(value):
            return names.of(kind, value)
        return search.sub(named, value) if isinstance(value, str) else value

    return without(candidate, _Place()), Restore(names.originals)


class _Placeholders:
    """One placeholder for each value, numbered by kind in the order of the data; none that the data itself holds."""

    def __init__(self, candidate: JSON) -> None:
        self.originals: dict[str, Any] = {}
        self._given: dict[tuple[type, object], str] = {}
        self._taken = {found for text in _all_texts(candidate) for found in _PLACEHOLDER.findall(text)}
        self._numbers: dict[str, Iterator[int]] = {}

    def of(self, kind: str, value: object) -> str:
        known = self._given.get((type(value), value))
        if known is None:
            numbers = self._numbers.setdefault(kind, count(1))
            known = next(name for number in numbers if (name := f"[{kind}_{number}]") not in self._taken)
            self._given[type(value), value] = known
            self.originals[known] = value
        return known


def _personal(value: Any, place: _Place) -> Iterator[tuple[str, str]]:
    """Every personal value that is looked for elsewhere, as text, with its kind."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _personal(item, place.below(key))
    elif isinstance(value, list):
        for item in value:
            yield from _personal(item, place.entry(item))
    elif (kind := place.kind_of(value)) and _says_something(value) and place.is_sought:
        yield kind, str(value).strip()


def _terms(candidate: JSON) -> Iterator[tuple[str, str]]:
    """What is looked for in texts, with its kind."""
    for kind, text in _personal(candidate, _Place()):
        parts = [part.strip(".,;()") for part in text.split()] if kind == "NAME" else []
        for term in (text, *(part for part in parts if part.casefold() not in _PARTICLES)):
            if len(term) >= _SHORTEST:
                yield kind, term


def _search(terms: dict[str, str]) -> re.Pattern[str]:
    """Addresses first, since they hold names; then the longest. As written: `İ` does not find itself once folded."""
    numbers = {_NOT_A_DIGIT.sub("", text) for text, kind in terms.items() if kind == "PHONE"}
    spaced = [
        r"(?<!\w)\(?" + r"[\s().-]{0,2}".join(digits) + r"(?!\w)"
        for digits in numbers
        if len(digits) >= _SHORTEST_NUMBER
    ]
    longest_first = sorted(terms, key=len, reverse=True)
    words = [_to_its_end(text) for text in longest_first if re.match(r"\w", text)]
    signs = [_to_its_end(text) for text in longest_first if not re.match(r"\w", text)]
    named = [rf"(?<!\w)(?:{'|'.join(words)})"] if words else []  # one look at each word, and not one for each term
    phones = f"(?P<phone>{'|'.join([*spaced, _PHONE, _AMERICAN_PHONE])})"
    return re.compile("|".join([f"(?P<email>{_EMAIL})", *named, *signs, phones]), re.IGNORECASE)


def _to_its_end(text: str) -> str:
    return re.escape(text) + (r"(?!\w)" if re.search(r"\w$", text) else "")


def _says_something(value: object) -> bool:
    return (
        bool(value.strip())
        if isinstance(value, str)
        else isinstance(value, int | float) and not isinstance(value, bool)
    )


def _all_texts(value: Any) -> Iterator[str]:
    yield from (text for _, text in texts_in(value))
    yield from (pointer for pointer, _ in texts_in(value))
