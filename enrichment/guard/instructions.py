"""Finds texts that speak to a machine instead of about a person, in English and French.

A flag is all that comes of it: a résumé about prompt injection is a résumé. What keeps a model from obeying is that it
has no tools, that the data is delimited, and that the check of the result finds what the data does not say.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import chain, islice
from typing import Any

from enrichment import results
from enrichment.guard.characters import hides, visible
from enrichment.guard.walking import keys_in, texts_in
from enrichment.taxonomy import fold

_SHORTEST = 12
_MOST_FLAGS = 10
_BLANKS = re.compile(r"[^\S\n]+")
_HINT = re.compile(
    r"ignor|disreg|forget|overrid|bypass|not follow|instruct|tasks? ?:|taches? ?:|you are|now on|act as|pretend"
    r"|maintenant|tu es|vous etes|comme si|oi comme|\bai\b|llm|gpt|claude|gemini|model|assistant|\bats\b|parser|bot\b"
    r"|\bia\b|rate |score |rank |recomm|class|evalu|mark |descri|present|note|always|must |only |answer|respon|repl"
    r"|output|oubli|outrep|compte|abstr|repon|prompt|consign|system|<|\[|jailbreak|developer mode|anything now"
    r"|give |10/10|20/20|100/100"
)
"""Some word of every pattern: most texts hold none, and are done with."""

_LOOK_ALIKES = str.maketrans("аеорсухіјѕһԁԛԝкмтвнοαειρτυχκν", "aeopcyxijshdqwkmtbhoaeiptuxkv")
"""Cyrillic and Greek letters, folded, and the Latin ones that they are taken for."""

FLAGS = {
    "instruction_like_text": "This text speaks to a machine; it was read as data, like any other.",
    "invisible_characters": "This text holds characters that nobody sees; no model reads them.",
}


def flags(candidate: Any) -> tuple[results.Warning, ...]:
    """Warnings that name the places, the first 10 of them: where a text stands, or what stands under such a key.

    Nothing is changed, nothing is left out.
    """
    read = chain(keys_in(candidate), texts_in(candidate))
    found = iter(dict.fromkeys((pointer, code) for pointer, text in read for code in _codes(text)))
    return tuple(
        results.Warning(code=code, pointer=pointer, message=FLAGS[code]) for pointer, code in islice(found, _MOST_FLAGS)
    )


def speaks_to_a_machine(text: str) -> bool:
    if len(text) < _SHORTEST:
        return False
    plain = fold(visible(text)).translate(_LOOK_ALIKES)
    return bool(_HINT.search(plain)) and bool(_patterns().search(_BLANKS.sub(" ", plain)))


def _codes(text: str) -> Iterator[str]:
    if speaks_to_a_machine(text):
        yield "instruction_like_text"
    if hides(text):
        yield "invisible_characters"


@cache
def _patterns() -> re.Pattern[str]:
    data = tomllib.loads(resources.files(__package__).joinpath("instructions.toml").read_text(encoding="utf-8"))
    words: dict[str, str] = data.pop("words")
    written = "|".join(pattern for patterns in data.values() for pattern in patterns)
    return re.compile(re.sub(r"\{([a-z_]+)\}", lambda match: words[match[1]], written))
