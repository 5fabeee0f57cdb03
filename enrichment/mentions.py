"""Finds the skills that a text names, in one pass over its words: no pattern per skill, and no wild guesses.

Precision comes first, for a wrong skill in a competence file is worse than a missing one: "Go" is not found in "go to
market", "R" not in "R&D", "C" not in "C-level", "Spring" not in "spring 2019", "REST" not in "the rest", "Helm" not in
"took the Helm", "Julia" not in "worked with Julia Chen". A word that is something else too needs company.
"""

import re
from bisect import bisect
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from enrichment.pointers import LONGEST_TEXT
from enrichment.taxonomy import NOT_TECHNICAL, Also, Case, Skill, Spelling, fold

_WORD = re.compile(r"(?:(?<=[\s(,/;:])|^)\.[A-Za-z]+|[0-9A-Za-z\u00C0-\u024F]+[+#]*")
"""A word of Latin letters with its signs (`C++`, `C#`, `.NET`); other scripts separate words: 熟悉Python和Java."""
_WITHIN_A_NAME = re.compile(r"[ \-._/’'&]| / | & ")
_BETWEEN_SKILLS = re.compile(r"[\s,/&|()+;:•·-]*")
_GLUE = {"-", "&", "'", "’", "@", "_"}
_AND = {"and", "or", "et", "ou", "y", "o", "e", "und", "oder"}
_USING = {"using", "via", "utilisant"}
_WITH = {"in", "with", "en", "avec", "sous", "mit", "con", "em", "com"}
"""Said of tools, but also of people and places: "with Julia", "in Phoenix", "rédactrice en Chef"."""
_DEVELOPS = {"developpeur", "developpeuse", "developer", "programmer", "programming"}
_ROLE_BEFORE = {"developpeur", "developpeuse", "ingenieur", "ingenieure"}
_ROLE_AFTER = {"developer", "engineer", "programmer", "programming", "code"}
_SENIORITY = {"senior", "junior", "lead"}
"""Before the name of a skill in a title: "Senior React developer"."""
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
_SENTENCE_END = re.compile(r"[.!?;•·]\s|\n")
_OPENINGS = frozenset(".!?;•·-–—*")
"""What stands before the first word of a sentence or a bullet point, whose capital says nothing."""
_FARTHEST_OPENING = 20


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

    def is_capitalised(self, position: int) -> bool:
        return self.text[self.spans[position][0]].isupper()

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
        return self.spelling.case is Case.LISTED or self.spelling.also is not None

    @property
    def technical(self) -> bool:
        return self.spelling.skill.category not in NOT_TECHNICAL


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
        words = _Words(text[:LONGEST_TEXT])
        hits = [hit for hit in self._hits(words) if denied or not _denied(words, hit)]
        for hit in _meant(words, hits, declared):
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


def _meant(words: _Words, hits: Sequence[_Hit], declared: Collection[Skill]) -> list[_Hit]:
    """Those that are the skill: clear by themselves, by what leads to them, by the list or the sentence they stand in.

    Nothing but a technology tells that a homonym is one too.
    """
    within_hits = {position for hit in hits for position in range(hit.first, hit.last + 1)}
    names = {hit for hit in hits if hit.spelling.also and _is_part_of_a_name(words, hit, within_hits, {" ", ", "})}
    whole_names = {hit for hit in names if _is_part_of_a_name(words, hit, within_hits, {" "})}
    clear = {hit for hit in hits if not hit.needs_company}
    clear |= {hit for hit in hits if hit.needs_company and hit not in names and _is_led_to(words, hit, declared)}
    for listed in _lists(words, hits):
        vouching = [hit for hit in listed if hit in clear]
        clear |= {hit for pair in pairwise(listed) if _are_alike(*pair) for hit in pair}
        technical = any(hit.technical for hit in vouching)
        vouched = (hit for hit in listed if technical or (vouching and not hit.spelling.also))
        clear |= {hit for hit in vouched if hit not in whole_names and not _is_glued(words, hit)}
    ends = [match.start() for match in _SENTENCE_END.finditer(words.text)]
    in_company = {_sentence(words, hit, ends) for hit in clear if hit.technical}
    for hit in hits:
        known = hit.spelling.skill in declared
        alone = hit.last - hit.first + 1 == len(words.folded)
        told = known or (hit.spelling.also is Also.WORD and (alone or _sentence(words, hit, ends) in in_company))
        if told and hit.spelling.case is Case.CASED and hit not in names and not _opens(words, hit):
            clear.add(hit)
    return [hit for hit in hits if hit in clear]


def _is_led_to(words: _Words, hit: _Hit, declared: Collection[Skill]) -> bool:
    """Whether the words beside it show that the skill is meant: "in Go", "using Helm", "Java developer"."""
    if _is_glued(words, hit):
        return False
    is_name = hit.spelling.also is Also.NAME
    char_after = words.text[words.spans[hit.last][1] : words.spans[hit.last][1] + 1]
    previous, following = words.at(hit.first - 1), words.at(hit.last + 1)
    is_role = previous in _ROLE_BEFORE or (following in _ROLE_AFTER and char_after == " ")
    if is_role and (not is_name or not _DEVELOPS.isdisjoint({previous, following})):
        return True
    if is_name and previous not in _USING and hit.spelling.skill not in declared:
        return False
    is_initial = char_after == "." and hit.first == hit.last and len(words.at(hit.first)) == 1
    return previous in _USING | _WITH and not following.isdigit() and not is_initial


def _is_glued(words: _Words, hit: _Hit) -> bool:
    """Whether a plain word is a part of another: "Go-to", "R&D"; "React-based" is said of the skill."""
    start, end = words.spans[hit.first][0], words.spans[hit.last][1]
    beside = {words.text[max(start - 1, 0) : start], words.text[end : end + 1]}
    return hit.spelling.case is Case.LISTED and not _GLUE.isdisjoint(beside)


def _is_part_of_a_name(words: _Words, hit: _Hit, within_hits: Collection[int], gaps: Collection[str]) -> bool:
    """Whether a capitalised word beside it makes one name of both: "Julia Chen", "Phoenix, Arizona"."""
    before, after = hit.first - 1, hit.last + 1
    if before >= 0 and before not in within_hits and words.gap(before) == " " and not _opens_at(words, before):
        previous = words.folded[before]
        if words.is_capitalised(before) and previous not in _USING | _WITH | _AND | _ROLE_BEFORE | _SENIORITY:
            return True
    if after >= len(words.folded) or after in within_hits or words.folded[after] in _ROLE_AFTER | _AND:
        return False
    joining = gaps if hit.spelling.also is Also.NAME else {" "}
    return words.is_capitalised(after) and words.gap(hit.last) in joining


def _opens(words: _Words, hit: _Hit) -> bool:
    """Whether it may owe its capital to the sentence that it opens: "React quickly", "Excel at"."""
    after = hit.last + 1
    goes_on = after < len(words.folded) and words.gap(hit.last) == " "
    return _opens_at(words, hit.first) and goes_on


def _opens_at(words: _Words, position: int) -> bool:
    start = words.spans[position][0]
    ahead = words.text[max(start - _FARTHEST_OPENING, 0) : start]
    said = ahead.rstrip()
    return not said or said[-1] in _OPENINGS or "\n" in ahead[len(said) :]


def _sentence(words: _Words, hit: _Hit, ends: Sequence[int]) -> int:
    return bisect(ends, words.spans[hit.first][0])


def _lists(words: _Words, hits: Sequence[_Hit]) -> Iterator[list[_Hit]]:
    """Hits that follow each other as in a list."""
    listed: list[_Hit] = []
    for hit in hits:
        if listed and not _neighbours(words, listed[-1], hit):
            yield listed
            listed = []
        listed.append(hit)
    if listed:
        yield listed


def _are_alike(one: _Hit, other: _Hit) -> bool:
    """Two words beside each other that are tools of one kind are hardly meant as words: "Excel et Word"."""
    same_kind = (
        one.spelling.skill.category == other.spelling.skill.category and one.spelling.skill != other.spelling.skill
    )
    words = {one.spelling.also, other.spelling.also} in ({Also.WORD}, {Also.WORD, None})
    return words and same_kind and one.technical


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
