"""A reviewer's edits: what becomes of the result, and which of them are refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from enrichment.documents import formats
from enrichment.documents.formats import Format
from enrichment.errors import InvalidInput
from enrichment.models import JSON, JobType, ReviewedField, Verdict
from enrichment.results import RESULTS
from enrichment.review.edits import Edit, apply
from tests.unit.rules import run

CANDIDATE: JSON = {
    "basics": {"name": "Maren Oddvik", "label": "Developer", "summary": "Builds services. Mends what breaks."},
    "work": [{"name": "Fjord", "position": "Developer", "startDate": "2021-03", "highlights": ["One", "Two", "Three"]}],
    "skills": [{"name": "Python"}, {"name": "Go"}],
}


def made(job_type: JobType = JobType.COMPETENCE_FILE_GENERATION) -> JSON:
    return run(job_type, CANDIDATE).model_dump(mode="json", by_alias=True)


def edited(
    result: JSON, *edits: Edit, of: JobType = JobType.COMPETENCE_FILE_GENERATION
) -> tuple[JSON, tuple[ReviewedField, ...]]:
    return apply(result, RESULTS[of], edits)


def test_a_changed_statement_says_what_was_there_and_that_a_person_wrote_it() -> None:
    draft = made()

    approved, (field,) = edited(draft, Edit(pointer="/header/title", value="Lead developer"))

    assert approved["header"]["title"] == {
        "value": "Lead developer", "kind": "edited", "evidence": draft["header"]["title"]["evidence"], "rule": None
    }  # fmt: skip
    assert field == ReviewedField(
        pointer="/header/title", verdict=Verdict.CHANGED, before="Developer", after="Lead developer"
    )
    assert draft["header"]["title"]["value"] == "Developer", "the draft itself is not touched"
    assert b"Lead developer" in formats.render(approved, Format.MD, datetime(2026, 11, 24, tzinfo=UTC))


def test_what_is_not_accepted_is_left_out_and_pointers_count_the_entries_as_they_were() -> None:
    draft = made()
    bullets = "/experience/0/bullets"

    approved, fields = edited(
        draft,
        Edit(pointer=f"{bullets}/0", accept=False),
        Edit(pointer=f"{bullets}/1", accept=True),
        Edit(pointer=f"{bullets}/2/value", value="Drei"),
        Edit(pointer="/header/title", accept=False),
    )

    assert [bullet["value"] for bullet in approved["experience"][0]["bullets"]] == ["Two", "Drei"]
    assert approved["header"]["title"] is None
    assert [(field.verdict, field.before, field.after) for field in fields] == [
        ("rejected", "One", None),
        ("accepted", "Two", "Two"),
        ("changed", "Three", "Drei"),
        ("rejected", "Developer", None),
    ]


def test_an_entry_of_a_list_can_be_left_out_whole() -> None:
    draft = made(JobType.SKILLS_OPTIMIZATION)

    approved, (field,) = edited(draft, Edit(pointer="/skills/0", accept=False), of=JobType.SKILLS_OPTIMIZATION)

    assert approved["skills"] == draft["skills"][1:]
    assert field.before == draft["skills"][0]


@pytest.mark.parametrize("job_type", RESULTS)
def test_a_result_that_is_accepted_field_by_field_stays_as_it_was(job_type: JobType) -> None:
    draft = made(job_type)
    edits = [Edit(pointer=pointer, accept=True) for pointer in statements(draft)]

    approved, fields = edited(draft, *edits, of=job_type)

    assert len(edits) > 3
    assert approved == draft
    assert all(field.before == field.after for field in fields)


def statements(value: Any, at: str = "") -> list[str]:
    """The pointers of all statements in a result."""
    if isinstance(value, dict):
        if value.keys() >= {"value", "kind", "evidence"}:
            return [at]
        return [pointer for key, inner in value.items() for pointer in statements(inner, f"{at}/{key}")]
    if isinstance(value, list):
        return [pointer for index, inner in enumerate(value) for pointer in statements(inner, f"{at}/{index}")]
    return []


@pytest.mark.parametrize(
    ("edits", "pointer", "reason"),
    [
        ([Edit(pointer="/nowhere", accept=True)], "/edits/0/pointer", "leads nowhere"),
        ([Edit(pointer="/skills/99", accept=False)], "/edits/0/pointer", "leads nowhere"),
        ([Edit(pointer="/skills/-1", accept=False)], "/edits/0/pointer", "leads nowhere"),
        ([Edit(pointer="/header/title/value/x", accept=True)], "/edits/0/pointer", "leads nowhere"),
        ([Edit(pointer="/faithfulness/score", value=1)], "/edits/0/pointer", "says of itself"),
        ([Edit(pointer="/warnings/0", accept=False)], "/edits/0/pointer", "says of itself"),
        ([Edit(pointer="/usage", accept=False)], "/edits/0/pointer", "says of itself"),
        ([Edit(pointer="/promptVersion", value="2")], "/edits/0/pointer", "says of itself"),
        ([Edit(pointer="/header/title/kind", value="copied")], "/edits/0/pointer", "inside a statement"),
        ([Edit(pointer="/header/title/evidence/0", accept=False)], "/edits/0/pointer", "inside a statement"),
        ([Edit(pointer="/header", accept=False)], "/edits/0/pointer", "is no statement"),
        ([Edit(pointer="/experience/0", value={})], "/edits/0/pointer", "is no statement"),
        ([Edit(pointer="/header/totalMonths", value="many")], "/edits/0", "cannot hold"),
        ([Edit(pointer="/skills/0/skills/0/name", accept=False)], "/edits/0", "cannot hold"),
        (
            [Edit(pointer="/header/title", accept=True), Edit(pointer="/header/title/value", value="x")],
            "/edits/1/pointer",
            "another edit",
        ),
        (
            [Edit(pointer="/experience/0/bullets/1", value="x"), Edit(pointer="/experience/0", accept=False)],
            "/edits/0/pointer",
            "another edit",
        ),
    ],
)
def test_an_edit_that_does_not_fit_is_named(edits: list[Edit], pointer: str, reason: str) -> None:
    draft = made()

    with pytest.raises(InvalidInput) as refusal:
        edited(draft, *edits)

    assert [fault.pointer for fault in refusal.value.faults] == [pointer]
    assert reason in refusal.value.faults[0].reason


@pytest.mark.parametrize("body", [{}, {"value": "x", "accept": True}, {"value": None}, {"accept": "yes"}])
def test_an_edit_says_one_thing(body: JSON) -> None:
    with pytest.raises(ValidationError):
        Edit.model_validate({"pointer": "/header/title"} | body)
