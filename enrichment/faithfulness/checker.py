"""The check of one result: every statement through the layers, and what came of it."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from enrichment.enrichers.rules.texts import tidy
from enrichment.faithfulness.evidence import Evidence
from enrichment.faithfulness.recounts import RECOUNTS, last_month
from enrichment.faithfulness.repeats import REPEATS, SLIP, is_slip
from enrichment.faithfulness.sources import Source
from enrichment.faithfulness.statements import engagements, statements
from enrichment.faithfulness.wordings import TESTS, novelty, said
from enrichment.guard.characters import visible
from enrichment.models import JSON
from enrichment.pointers import as_text
from enrichment.results import Faithfulness, Kind, Result, Statement, Violation

METHOD, VERSION = "evidence-repeats-recounts-wording", "5"
_MOST_WORDS = 10


def check(result: Result, candidate: JSON, as_of: date) -> Faithfulness:
    """Deterministic, and linear in the size of both. An open-ended position is counted to `as_of`.

    Each violation names the first rule that its statement breaks. `score` is the share of statements that break none.
    """
    return Check(result, candidate, as_of).faithfulness()


class Check:
    """One result held against one candidate."""

    def __init__(self, result: Result, candidate: JSON, as_of: date) -> None:
        self._result = result
        self.source = Source(candidate, as_of)
        self._outcomes: dict[tuple[str, str], Any] = {}
        self._words: Counter[str] = Counter()
        self._positions = {
            pointer: engagement.pointer
            for at, engagement in engagements(result)
            for pointer, _ in statements(engagement, at)
        }

    def faithfulness(self) -> Faithfulness:
        checked = statements(self._result)
        wrong = tuple(
            Violation(pointer=pointer, rule=broken, found=found)
            for pointer, statement in checked
            for broken, found in islice(self._broken(pointer, statement), 1)
        )
        return Faithfulness(
            score=1 - len(wrong) / len(checked) if checked else 1.0,
            checked_facts=len(checked),
            violations=wrong,
            novelty=round(self._words["new"] / self._words["all"], 3) if self._words["all"] else 0.0,
            method=METHOD,
            version=VERSION,
        )

    def belongs(self, pointer: str, evidence: str) -> bool:
        """Whether what `evidence` leads to may be told at a place of the result: what a position did is its own."""
        position = self._positions.get(pointer)
        return position is None or position in self.source.positions(evidence)

    def _broken(self, pointer: str, statement: Statement[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The rules that a statement breaks, each with the words that broke it."""
        try:
            sources = [self.source.value(evidence) for evidence in statement.evidence]
        except LookupError:
            yield "evidence_unresolved", ()
            return
        if not sources:
            yield "evidence_missing", ()
        elif not all(self.belongs(pointer, evidence) for evidence in statement.evidence):
            yield "evidence_of_another_position", ()
        elif statement.kind is Kind.COPIED:
            if not all(_is_copy(statement.value, source) for source in sources):
                yield "not_a_copy", ()
        elif not statement.rule:
            yield "rule_missing", ()
        elif recount := RECOUNTS.get(type(statement.value)):
            if not recount(statement, self.source, self._result):
                yield "recount", ()
        elif statement.rule == SLIP:
            if not is_slip(statement, self._result):
                yield SLIP, ()
        elif not self._repeats(statement, sources):
            yield from self._reworded(statement)

    def _repeats(self, statement: Statement[Any], sources: list[object]) -> bool:
        rule = statement.rule or ""
        if rule == "end_of_last_position":
            return last_month(statement, self.source)
        if rule == "joined":
            parts = [tidy(as_text(source) or "") for source in sources]
            return statement.value in {", ".join(parts), " ".join(parts)}
        return any(statement.value in self._outcome(rule, pointer) for pointer in statement.evidence)

    def _outcome(self, rule: str, pointer: str) -> Any:
        """What a rule makes of a source, found out once: many statements share theirs."""
        if (rule, pointer) not in self._outcomes:
            make = REPEATS.get(rule)
            self._outcomes[rule, pointer] = make(self.source.value(pointer)) if make else ()
        return self._outcomes[rule, pointer]

    def _reworded(self, statement: Statement[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
        if statement.rule in REPEATS:
            yield statement.rule, ()
            return
        if any(self.source.is_wide(pointer) for pointer in statement.evidence):
            yield "evidence_too_wide", ()
        evidence = Evidence(self.source, statement.evidence)
        text = said(str(statement.value), evidence)
        new, words = novelty(text, evidence)
        self._words.update({"new": new, "all": words})
        for rule, test in TESTS.items():
            if found := tuple(dict.fromkeys(islice(test(text, evidence), _MOST_WORDS))):
                yield rule, found


def _is_copy(value: object, source: object) -> bool:
    """Word for word; of what nobody sees, and of the blanks around it, the copy may have less."""
    text = as_text(source)
    return text is not None and isinstance(value, str) and value.strip() in {text.strip(), visible(text).strip()}
