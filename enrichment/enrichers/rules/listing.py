"""Reads the skills out of an entry of a list: `Python`, `HTML/CSS`, `AWS (EC2, S3)`, `Java; Go; SQL`, or a sentence."""

import re
from collections.abc import Iterator

from enrichment import practice
from enrichment.enrichers.rules import texts
from enrichment.mentions import Mentions
from enrichment.taxonomy import Skill, Taxonomy

_PARTS = re.compile(r"(?:[;|•·\n\r\t]|,(?!(?<=\d,)\d))+")
"""A comma between two digits is part of a number."""
_SLASH = re.compile(r"\s*(?:/|&|(?<=\s)\+(?=\s)|(?<=\w)\+(?=\w)| and | et )\s*")
"""A plus has blanks or letters on both sides where it stands between two names; else it is part of one: `C++`."""
_IN_BRACKETS = re.compile(r"([^()]*)\(([^()]*)\)\s*")
_LONGEST_NAME = 60


def skills_in(entry: str, taxonomy: Taxonomy, mentions: Mentions) -> Iterator[tuple[str, Skill]]:
    """The skills that one entry lists: `Python`, `HTML/CSS`, `AWS (EC2, S3)`, `Java, Go and SQL`.

    Each as it is written there, with the years or the level that are said of it: `Python (8 years)`.
    """
    whole = texts.tidy(entry)
    if known := taxonomy.lookup(whole):
        yield whole, known
        return
    for part in _split(whole, taxonomy):
        name = practice.read(part).name
        known = taxonomy.lookup(part) or taxonomy.lookup(name)
        if known or len(name) <= _LONGEST_NAME:
            if not texts.is_placeholder(name):
                yield part, known or Skill(name)
        else:
            yield from ((skill.name, skill) for skill in mentions.find(part))


def _split(whole: str, taxonomy: Taxonomy) -> Iterator[str]:
    said_of = practice.read(whole).name
    if said_of != whole and not _PARTS.search(said_of) and not _SLASH.search(said_of):
        yield whole
        return
    head, inner = whole, ""
    if bracketed := _IN_BRACKETS.fullmatch(whole):
        head, inner = bracketed[1].strip(), bracketed[2]
        if not taxonomy.lookup(head):
            head, inner = whole, ""
    for part in _PARTS.split(head) if not inner else [head]:
        pieces = [piece for piece in _SLASH.split(part) if piece]
        all_known = len(pieces) > 1 and not taxonomy.lookup(part) and all(taxonomy.lookup(piece) for piece in pieces)
        yield from (piece.strip() for piece in (pieces if all_known else [part]) if piece.strip())
    yield from (part.strip() for part in _PARTS.split(inner) if taxonomy.lookup(part))
