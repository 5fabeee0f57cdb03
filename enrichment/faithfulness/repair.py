"""Puts the source's own text where a statement is not carried by its evidence."""

from datetime import date
from typing import Any, TypeVar

from enrichment import guard, results
from enrichment.enrichers.rules.statements import tidied
from enrichment.errors import UnfaithfulOutput
from enrichment.faithfulness.checker import Check, check
from enrichment.faithfulness.passage import Passage
from enrichment.faithfulness.statements import mended
from enrichment.models import JSON
from enrichment.pointers import Text, as_text, resolve
from enrichment.results import Result, Said, Statement

R = TypeVar("R", bound=Result)

_MESSAGE = (
    "What was written here said more than the candidate's data; the source's own text stands instead, or nothing."
)


def repair(result: R, draft: R, candidate: JSON, as_of: date) -> R:
    """The result with its `faithfulness`, and each violating statement replaced.

    What stands alone in its field falls back to `draft`, the result that the texts were put into; one of a list to the
    text that its evidence holds, a list of which nothing is left to the draft's. A statement that has neither is left
    out. `faithfulness.violations` and `warnings` tell what was replaced; the score is that of what stands there now.

    Raises:
        UnfaithfulOutput: what is left is no result of its type.
    """
    made = Check(result, candidate, as_of)
    found = made.faithfulness()
    if not found.violations:
        return result.model_copy(update={"faithfulness": found})
    wrong = {violation.pointer for violation in found.violations}
    sources = _Sources(made, candidate)

    def mend(pointer: str, statement: Statement[Any], drafted: Statement[Any] | None) -> Statement[Any] | None:
        if pointer not in wrong:
            return statement
        if pointer.rpartition("/")[2].isdecimal():
            return sources.text(pointer, statement.evidence)
        return drafted if drafted != statement else None

    kept = mended(result, draft, mend)
    if kept is None:
        raise UnfaithfulOutput("The result says more than the candidate's data, and nothing is left without it")
    again = check(kept, candidate, as_of)
    told = tuple(violation.model_copy(update={"repaired": True}) for violation in found.violations)
    warning = results.Warning(code="unfaithful_replaced", pointer="", message=_MESSAGE)
    return kept.model_copy(
        update={
            "faithfulness": again.model_copy(update={"violations": (*told, *again.violations)}),
            "warnings": (*kept.warnings, warning),
        }
    )


class _Sources:
    """The candidate's own texts, as far as they may stand in a result in place of a model's."""

    def __init__(self, made: Check, candidate: JSON) -> None:
        self._made = made
        self._minimised, self._restore = guard.minimise(candidate)

    def text(self, pointer: str, evidence: tuple[str, ...]) -> Said | None:
        """The first text of `evidence` that speaks of what stands at `pointer`, has words, and is nobody's address."""
        for place in evidence:
            try:
                text, seen = as_text(self._made.source.value(place)), resolve(self._minimised, place)
            except LookupError:
                continue
            own = tidied(Text(text, place)) if text and not self._restore.replaces(seen) else None
            if own and self._made.belongs(pointer, place) and _has_words(own.value):
                return own
        return None


def _has_words(text: str) -> bool:
    """A date or a number alone tells nobody anything."""
    return next(Passage(text).content(), None) is not None
