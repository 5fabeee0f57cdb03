"""Whether words that spell a skill are meant as one: a word that is something else too needs company."""

import re
from bisect import bisect
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from enrichment.mentions.words import Hit, Words
from enrichment.taxonomy import Also, Case, Skill

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
_SENTENCE_END = re.compile(r"[.!?;•·]\s|\n")
_OPENINGS = frozenset(".!?;•·-–—*")
"""What stands before the first word of a sentence or a bullet point, whose capital says nothing."""
_FARTHEST_OPENING = 20


def meant(words: Words, hits: Sequence[Hit], declared: Collection[Skill]) -> list[Hit]:
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


def _is_led_to(words: Words, hit: Hit, declared: Collection[Skill]) -> bool:
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


def _is_glued(words: Words, hit: Hit) -> bool:
    """Whether a plain word is a part of another: "Go-to", "R&D"; "React-based" is said of the skill."""
    start, end = words.spans[hit.first][0], words.spans[hit.last][1]
    beside = {words.text[max(start - 1, 0) : start], words.text[end : end + 1]}
    return hit.spelling.case is Case.LISTED and not _GLUE.isdisjoint(beside)


def _is_part_of_a_name(words: Words, hit: Hit, within_hits: Collection[int], gaps: Collection[str]) -> bool:
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


def _opens(words: Words, hit: Hit) -> bool:
    """Whether it may owe its capital to the sentence that it opens: "React quickly", "Excel at"."""
    after = hit.last + 1
    goes_on = after < len(words.folded) and words.gap(hit.last) == " "
    return _opens_at(words, hit.first) and goes_on


def _opens_at(words: Words, position: int) -> bool:
    start = words.spans[position][0]
    ahead = words.text[max(start - _FARTHEST_OPENING, 0) : start]
    said = ahead.rstrip()
    return not said or said[-1] in _OPENINGS or "\n" in ahead[len(said) :]


def _sentence(words: Words, hit: Hit, ends: Sequence[int]) -> int:
    return bisect(ends, words.spans[hit.first][0])


def _lists(words: Words, hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    """Hits that follow each other as in a list."""
    listed: list[Hit] = []
    for hit in hits:
        if listed and not _neighbours(words, listed[-1], hit):
            yield listed
            listed = []
        listed.append(hit)
    if listed:
        yield listed


def _are_alike(one: Hit, other: Hit) -> bool:
    """Two words beside each other that are tools of one kind are hardly meant as words: "Excel et Word"."""
    same_kind = (
        one.spelling.skill.category == other.spelling.skill.category and one.spelling.skill != other.spelling.skill
    )
    words = {one.spelling.also, other.spelling.also} in ({Also.WORD}, {Also.WORD, None})
    return words and same_kind and one.technical


def _neighbours(words: Words, left: Hit, right: Hit) -> bool:
    """Whether nothing but punctuation, or an "and", stands between two skills."""
    between = range(left.last + 1, right.first)
    if any(words.at(position) not in _AND for position in between) or len(between) > 1:
        return False
    return all(_BETWEEN_SKILLS.fullmatch(words.gap(position)) for position in range(left.last, right.first))
