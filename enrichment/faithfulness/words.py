"""A text as words: each folded, and where it stands."""

import re
import unicodedata
from dataclasses import dataclass

from enrichment.taxonomy import fold

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Letters and digits together; scripts that put no space between words are read sign by sign."""
_SENTENCE_ENDS = frozenset('.!?:;·•–—|(\n"“«')


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    folded: str
    start: int
    end: int
    opens: bool
    """Whether it is the first of a sentence, a line or a part between dots: its capital says nothing."""


def words_of(text: str) -> list[Word]:
    """The words of `text`, which is in Unicode's composed form (`composed`)."""
    found: list[Word] = []
    after = 0
    for match in _WORD.finditer(text):
        gap = text[after : match.start()]
        after = match.end()
        opens = not found or not _SENTENCE_ENDS.isdisjoint(gap)
        found.append(Word(match[0], fold(match[0]), match.start(), match.end(), opens))
    return found


def composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
