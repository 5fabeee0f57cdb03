"""Makes statements from what the candidate wrote, each with the place that carries it.

The rules that make one text from another are a table, so that the check at the end can apply them again.
"""

from collections.abc import Iterable
from typing import TypeVar

from enrichment.candidate import When
from enrichment.dates import PartialDate
from enrichment.enrichers.rules import texts
from enrichment.pointers import Text
from enrichment.results import Kind, Said, Statement

T = TypeVar("T")


def copied(text: Text | None) -> Statement[str] | None:
    return Said(value=text.value, kind=Kind.COPIED, evidence=(text.pointer,)) if text else None


def tidied(text: Text | None) -> Statement[str] | None:
    """A text as one line; `None` if nothing is left of it."""
    return _cleaned(text, texts.tidy(text.value), "tidy_text") if text else None


def bulleted(text: Text) -> Statement[str] | None:
    """A text as one bullet point; `None` if nothing is left of it or it comes from a template."""
    line = texts.bullet(text.value)
    return None if texts.is_placeholder(line) else _cleaned(text, line, "tidy_bullet")


def passages(*given: Text | None) -> tuple[tuple[Statement[str], ...], tuple[Statement[str], ...]]:
    """The paragraphs of texts, and the bullet points among their lines."""
    paragraphs: list[Statement[str]] = []
    bullets: list[Statement[str]] = []
    for text in (text for text in given if text):
        for line, marked in texts.passages(text.value):
            statement = _cleaned(text, line, "tidy_passage")
            if statement and not texts.is_placeholder(line):
                (bullets if marked else paragraphs).append(statement)
    return tuple(paragraphs), tuple(bullets)


def excerpt(text: Text, part: str, rule: str) -> Statement[str]:
    """A part of a text, word for word; `rule` says how it was cut out."""
    kind = Kind.COPIED if part == text.value else Kind.NORMALISED
    return Said(value=part, kind=kind, evidence=(text.pointer,), rule=None if kind is Kind.COPIED else rule)


def dated(when: When | None) -> Statement[PartialDate] | None:
    if when is None:
        return None
    return Statement[PartialDate](value=when.date, kind=Kind.NORMALISED, evidence=(when.pointer,), rule="read_date")


def derived(value: str, rule: str, evidence: Iterable[str]) -> Statement[str]:
    return Said(value=value, kind=Kind.DERIVED, evidence=tuple(dict.fromkeys(evidence)), rule=rule)


def present(*statements: Statement[T] | None) -> tuple[Statement[T], ...]:
    return tuple(statement for statement in statements if statement is not None)


def _cleaned(text: Text, value: str, rule: str) -> Statement[str] | None:
    return excerpt(text, value, rule) if value else None
