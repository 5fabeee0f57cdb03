"""The words of a text, and those of them that spell a skill."""

import re
from dataclasses import dataclass

from enrichment.taxonomy import NOT_TECHNICAL, Case, Spelling, fold

WORD = re.compile(r"(?:(?<=[\s(,/;:])|^)\.[A-Za-z]+|[0-9A-Za-z\u00C0-\u024F]+[+#]*")
"""A word of Latin letters with its signs (`C++`, `C#`, `.NET`); other scripts separate words: 熟悉Python和Java."""


class Words:
    """The words of a text: each folded, and from where to where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = [match.span() for match in WORD.finditer(text)]
        self.folded = [fold(text[start:end]) for start, end in self.spans]

    def written(self, first: int, last: int) -> str:
        return self.text[self.spans[first][0] : self.spans[last][1]]

    def gap(self, after: int) -> str:
        """What stands between a word and the next one."""
        return self.text[self.spans[after][1] : self.spans[after + 1][0]]

    def is_capitalised(self, position: int) -> bool:
        return self.text[self.spans[position][0]].isupper()

    def at(self, position: int) -> str:
        """A folded word, `""` outside of the text."""
        return self.folded[position] if 0 <= position < len(self.folded) else ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A skill as it is spelt from the `first` to the `last` of the words."""

    first: int
    last: int
    spelling: Spelling

    @property
    def needs_company(self) -> bool:
        return self.spelling.case is Case.LISTED or self.spelling.also is not None

    @property
    def technical(self) -> bool:
        return self.spelling.skill.category not in NOT_TECHNICAL
