"""The check catches what models invent, and lets be what they may write. `pytest -s` prints the table."""

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from enrichment.faithfulness import check
from enrichment.results import ProfileResult, Said, Violation
from tests.unit.inventions import KINDS, NEGATIONS, Truth, careers, changed_date, dated, truths, wrong_evidence
from tests.unit.rules import AS_OF, enrich

CAUGHT, FALSE_ALARMS = 0.99, 0.01


def judged(claims: list[Said], candidate: dict[str, Any]) -> list[Violation | None]:
    """What the check says of each claim, all of them in one result."""
    result = enrich(ProfileResult, {}).model_copy(update={"summary": tuple(claims)})
    found = {violation.pointer: violation for violation in check(result, candidate, AS_OF).violations}
    return [found.get(f"/summary/{position}") for position in range(len(claims))]


def test_inventions_of_each_kind_are_caught(resumes: dict[str, dict[str, Any]]) -> None:
    planted, caught = Counter[str](), Counter[str]()
    for candidate in resumes.values():
        claims = list(invented(candidate))
        for (kind, _), violation in zip(claims, judged([claim for _, claim in claims], candidate), strict=True):
            planted[kind] += 1
            caught[kind] += violation is not None
    for kind, count in planted.items():
        sys.stdout.write(f"\n{kind:26} {caught[kind]:4} of {count:4}  {caught[kind] / count:7.2%}")
    assert len(planted) == 10
    assert [kind for kind, count in planted.items() if caught[kind] < CAUGHT * count] == []


def invented(candidate: dict[str, Any]) -> Iterator[tuple[str, Said]]:
    found = truths(candidate)
    for kind, make in KINDS.items():
        yield from ((kind, truth.claim(text)) for truth in found if (text := make(truth)))
    yield from (("date changed", truth.claim(changed_date(truth))) for truth in dated(candidate))
    yield from (("evidence wrong", claim) for claim in wrong_evidence(found, candidate))


def rewordings(found: list[Truth]) -> Iterator[Said]:
    """What a model may do to a text: leave it, trim it, fold its lines, drop a stop or a capital, join two."""
    for truth, following in zip(found, [*found[1:], *found[:1]], strict=True):
        yield truth.claim()
        yield truth.claim(" ".join(truth.text.split()).rstrip(".;"))
        yield truth.claim(truth.text[0].lower() + truth.text[1:])
        yield truth.claim(truth.text.replace(" and ", " & ").replace("'", "’"))
        yield truth.claim(", ".join(reversed(truth.text.rstrip(".").split(", "))))
        yield truth.claim(f"{truth.text.rstrip('.')}; {following.text}", (*truth.evidence, *following.evidence))


def test_honest_rewordings_pass(resumes: dict[str, dict[str, Any]]) -> None:
    alarms, checked = [], 0
    for candidate in resumes.values():
        claims = [*rewordings(truths(candidate)), *(truth.claim() for truth in dated(candidate))]
        verdicts = judged(claims, candidate)
        checked += len(claims)
        alarms += [(claim.value, violation) for claim, violation in zip(claims, verdicts, strict=True) if violation]
    sys.stdout.write(f"\nfalse alarms {len(alarms)} of {checked}")
    assert checked > 1_000
    assert len(alarms) <= FALSE_ALARMS * checked, alarms[:5]


def test_no_position_is_told_of_another_employer(resumes: dict[str, dict[str, Any]]) -> None:
    alarms, missed, counted = [], [], Counter[str]()
    for candidate in resumes.values():
        for fair, false in careers(candidate):
            verdicts = judged([truth.claim() for truth in (*fair, *false)], candidate)
            counted.update(fair=len(fair), false=len(false))
            alarms += [truth.text for truth, found in zip(fair, verdicts, strict=False) if found]
            missed += [truth.text for truth, found in zip(false, verdicts[len(fair) :], strict=True) if not found]
    sys.stdout.write(f"\nemployers exchanged {counted['false'] - len(missed)} of {counted['false']}")
    sys.stdout.write(f", false alarms {len(alarms)} of {counted['fair']}")
    assert counted["false"] > 20
    assert len(missed) <= (1 - CAUGHT) * counted["false"], missed
    assert len(alarms) <= FALSE_ALARMS * counted["fair"], alarms


@pytest.mark.parametrize(
    ("fair", "text"),
    [
        (True, "Cut costs by forty percent with the team."),
        (True, "With the team, cut costs by 40 %."),
        (True, "Cut costs by 40 pour cent with the team of 3; errors fell in 2021."),
        (True, "Cut costs by quarante pour cent with the team; errors fell."),
        (True, "Errors fell by 5% to 10%; cut costs."),
        (True, "Errors fell by 5 to 10 per cent; cut costs."),
        (False, "Cut costs with the team of 40."),
        (False, "Cut costs by €40 with the team."),
        (False, "Cut costs with the team of forty."),
        (False, "Cut costs by 40% with the team of 12."),
        (False, "Cut costs by 40% with the team within 1 year."),
        (False, "Cut costs by 3% with the team."),
        (False, "Errors fell by 10; cut costs."),
        (False, "Errors fell, 5 of them; cut costs."),
    ],
)
def test_a_number_keeps_its_unit_and_no_part_of_a_date_is_one(fair: bool, text: str) -> None:
    summary = "Cut costs by 40% with the team of 3. Errors fell by 5–10 %."
    work = {"startDate": "2021-01", "endDate": "2021-12", "summary": summary}
    claim = Truth(text, ("/work/0/summary", "/work/0/endDate"), 0).claim()
    [violation] = judged([claim], {"work": [work]})
    assert (violation and violation.rule) == (None if fair else "number")


@pytest.mark.parametrize(
    ("fair", "text"),
    [
        (True, "Ran a budget of 5 M€."),
        (True, "Ran a budget of EUR 5,000,000, at 650 € a day."),
        (True, "Ran a budget of 5 million euros, cut by £30-40k."),
        (True, "Ran a budget of 5 million at 650 a day, and cut it by 30."),
        (False, "Ran a budget of $5M."),
        (False, "Ran a budget of 5 million dollars."),
        (False, "Ran a budget of £5M."),
        (False, "Ran a budget of 5M CHF."),
        (False, "Ran a budget at $650 a day."),
        (False, "Ran a budget, cut by €40k."),
        (False, "Cut the budget by 5 %."),
    ],
)
def test_an_amount_keeps_its_currency(fair: bool, text: str) -> None:
    work = {"summary": "Ran a budget of €5M, cut by £30–40k.", "rate": {"amount": 650, "currency": "EUR"}}
    [violation] = judged([Truth(text, ("/work/0",), 0).claim()], {"work": [work]})
    assert (violation and violation.rule) == (None if fair else "number")


@pytest.mark.parametrize(
    "text",
    [
        "Developer at Globex.",
        "Globex developer",
        "Cut costs by 40% at Globex.",
        "Built services in Python at Initrode Ltd.",
        "Lead at Initrode; developer at Globex",
    ],
)
def test_what_one_position_says_is_not_said_of_another_employer(text: str) -> None:
    work = [
        {"name": "Initrode Ltd", "position": "Developer", "summary": "Cut costs by 40%."},
        {"name": "Globex", "position": "Lead", "summary": "Built services in Python."},
    ]
    fields = tuple(f"/work/{at}/{field}" for at in (0, 1) for field in ("name", "position", "summary"))
    fair = "Developer at Initrode, cut costs by 40%, then lead at Globex; built services in Python."
    verdicts = judged([Truth(text, fields, 0).claim(), Truth(fair, fields, 0).claim()], {"work": work})
    assert [violation and violation.rule for violation in verdicts] == ["employer", None]


@pytest.mark.parametrize(
    ("says", "text"),
    [
        ("Ran a budget of 5 M€.", "Ran a budget of 5 million."),
        ("Ran a budget of 5M€.", "Ran a budget of €5M."),
        ("At 650k€ a year.", "At 650k a year."),
        ("Drew 12 AutoCAD plans.", "Drew 12 CAD plans."),
        ("Carried 50 lb for hours.", "Carried 50 pounds for hours."),
    ],
)
def test_an_amount_may_be_written_in_another_way(says: str, text: str) -> None:
    [violation] = judged([Truth(text, ("/basics/summary",), 0).claim()], {"basics": {"summary": says}})
    assert violation is None or violation.rule != "number"


def test_a_negation_survives() -> None:
    verdicts = {}
    for says, false, fair in NEGATIONS:
        claims = [Truth(text, ("/basics/summary",), 0).claim() for text in (false, fair, says)]
        found = judged(claims, {"basics": {"summary": says}})
        verdicts[says] = [violation.rule if violation else None for violation in found]
    sys.stdout.write(
        f"\nnegations and restraints {sum(bool(false) for false, _, _ in verdicts.values())} of {len(verdicts)}"
    )
    assert [says for says, (false, _, _) in verdicts.items() if not false] == []
    assert {says: (fair, same) for says, (_, fair, same) in verdicts.items() if fair or same} == {}


def test_each_kind_is_named_by_its_rule() -> None:
    says = "Migrated 12 services to Kubernetes at Acme Bank in March 2021"
    named = {
        "number": "Migrated 21 services to Kubernetes at Acme Bank in March 2021",
        "date": "Migrated 12 services to Kubernetes at Acme Bank in May 2021",
        "name": "Migrated 12 services to Kubernetes at Acme Bank for Initech in March 2021",
        "skill": "Migrated 12 services to kubernetes and terraform at Acme Bank in March 2021",
        "scope": "Led and migrated 12 services to Kubernetes at Acme Bank in March 2021",
        "seniority": "Migrated 12 services as a senior to Kubernetes at Acme Bank in March 2021",
        "superlative": "Migrated 12 services to Kubernetes at Acme Bank in March 2021 with excellence",
        "scale": "Migrated hundreds of services, 12, to Kubernetes at Acme Bank in March 2021",
        "negation_added": "Never migrated services to Kubernetes at Acme Bank in March 2021",
        "unsupported": "Kubernetes enthusiast, quick learner, reliable colleague",
    }
    claims = [Truth(text, ("/work/0/summary",), 0).claim() for text in named.values()]
    verdicts = judged(claims, {"work": [{"summary": says}]})
    assert [violation and violation.rule for violation in verdicts] == list(named)
