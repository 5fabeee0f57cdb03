"""Puts the source's own text where a statement is not carried by its evidence."""

from datetime import date
from typing import Any, TypeVar

from enrichment import results
from enrichment.enrichers.rules.statements import tidied
from enrichment.errors import UnfaithfulOutput
from enrichment.faithfulness.checker import Check, check
from enrichment.faithfulness.statements import mended
from enrichment.models import JSON
from enrichment.pointers import Text, as_text
from enrichment.results import Kind, Result, Said, Statement
from enrichment.taxonomy import OTHER

R = TypeVar("R", bound=Result)

_MESSAGE = (
    "What was written here said more than the candidate's data; the source's own text stands instead, or nothing."
)


def repair(result: R, candidate: JSON, as_of: date) -> R:
    """The result with its `faithfulness`, and each violating statement replaced by the text that its evidence holds.

    A statement that is no text, or whose evidence holds none that may stand there, is left out.
    `faithfulness.violations` and `warnings` tell what was replaced; the score is that of what stands there now.

    Raises:
        UnfaithfulOutput: what is left is no result of its type.
    """
    made = Check(result, candidate, as_of)
    found = made.faithfulness()
    if not found.violations:
        return result.model_copy(update={"faithfulness": found})
    wrong = {violation.pointer for violation in found.violations}

    def mend(pointer: str, statement: Statement[Any]) -> Statement[Any] | None:
        return _fallen_back(pointer, statement, made) if pointer in wrong else statement

    kept = mended(result, mend)
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


def _fallen_back(pointer: str, statement: Statement[Any], made: Check) -> Statement[Any] | None:
    if type(statement.value) is not str:
        return None
    if statement.rule == "category_of_skill":
        return Said(value=OTHER, kind=Kind.DERIVED, evidence=statement.evidence, rule=statement.rule)
    for evidence in statement.evidence:
        try:
            text = as_text(made.source.value(evidence))
        except LookupError:
            continue
        own = tidied(Text(text, evidence)) if text else None
        if own and made.belongs(pointer, evidence):
            return own
    return None
