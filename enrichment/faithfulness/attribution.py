"""What one position says, told of the employer of another: each word has its evidence, and the sentence is not true."""

from collections.abc import Iterator, Sequence

from enrichment.faithfulness.evidence import Evidence
from enrichment.faithfulness.lexicon import plain
from enrichment.faithfulness.passage import Passage, is_content, stem, within
from enrichment.faithfulness.words import Word, composed, words_of
from enrichment.taxonomy import Skill

_SENTENCE_ENDS, _PART_ENDS = frozenset(".!?;:\n·•|–—"), frozenset(",")
_TURNS = frozenset(["and", "et", "then", "puis", "before", "avant", "after", "apres", "while", "but", "mais"])
_LEGAL_FORMS = {"ag", "co", "corp", "corporation", "gmbh", "inc", "limited", "llc", "ltd", "plc", "sa", "sarl", "sas"}

Name = tuple[str, ...]
Spans = Sequence[tuple[int, int]]


def misattributed(passage: Passage, skills: Spans, evidence: Evidence) -> Iterator[str]:
    """The words of each sentence, and of each part of one, that only other positions carry than those of the employers
    that it names. `skills` are where the text names skills: `Oracle` may be one.
    """
    if len(evidence.by_position.keys() - {""}) < 2:
        return
    names = {_name(employer) for employer in evidence.employers.values()} - {()}
    for sentence in _split(passage, passage.words, _SENTENCE_ENDS):
        for told in (sentence, *_split(passage, sentence, _PART_ENDS, _TURNS)):
            yield from _of_others(passage, told, names, skills, evidence.by_position)


def _of_others(
    passage: Passage, told: list[Word], names: set[Name], skills: Spans, by_position: dict[str, Evidence]
) -> Iterator[str]:
    named = [(name, span) for name in names for span in _spans(told, name) if not within(*span, skills)]
    theirs = {at for at, part in by_position.items() for name, _ in named if _names(part, name)}
    if not theirs or "" in theirs:
        return
    own = [part for at, part in by_position.items() if at in theirs or not at]
    others = [part for at, part in by_position.items() if at and at not in theirs]
    apart = (*(span for _, span in named), *skills)
    for word in told:
        says = is_content(word.folded) and word.folded not in plain("frame")
        if says and not within(word.start, word.end, apart) and _any_says(others, word) and not _any_says(own, word):
            yield word.text
    for skill, start, end in passage.skills:
        inside = told[0].start <= start and end <= told[-1].end and not within(start, end, apart[: len(named)])
        if inside and _any_knows(others, skill) and not _any_knows(own, skill):
            yield skill.name


def _any_says(parts: list[Evidence], word: Word) -> bool:
    return any(stem(word.folded) in part.stems for part in parts)


def _any_knows(parts: list[Evidence], skill: Skill) -> bool:
    return any(skill in part.skills for part in parts)


def _names(part: Evidence, name: Name) -> bool:
    return any(True for passage in part.passages for _ in _spans(passage.words, name))


def _name(employer: str) -> Name:
    """An employer as people speak of it: `Acme Ltd` is `Acme`."""
    words = tuple(word.folded for word in words_of(composed(employer)))
    return words[:-1] if len(words) > 1 and words[-1] in _LEGAL_FORMS else words


def _spans(words: list[Word], name: Name) -> Iterator[tuple[int, int]]:
    """From where to where each mention of a name stands."""
    for at in range(len(words) - len(name) + 1):
        if all(words[at + ahead].folded == part for ahead, part in enumerate(name)):
            yield words[at].start, words[at + len(name) - 1].end


def _split(
    passage: Passage, words: list[Word], ends: frozenset[str], turns: frozenset[str] = frozenset()
) -> Iterator[list[Word]]:
    """The words between marks of `ends`, and from each of `turns` on."""
    part: list[Word] = []
    for word in words:
        gap = passage.text[part[-1].end : word.start] if part else ""
        ended = not ends.isdisjoint(gap) and any(char.isspace() for char in gap)  # `Next.js` is one word
        if part and (ended or word.folded in turns):
            yield part
            part = []
        part.append(word)
    if part:
        yield part
