"""Every failure becomes a problem, with a place and a reason, and without what was sent."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api import problems
from enrichment.errors import BY_CODE, EnrichmentError, Fault, InvalidInput, RateLimited, StorageUnavailable
from enrichment.models import Submission

CANDIDATE = {"type": "skills_optimization", "candidateData": {}}
CANARY = "Canary"


def errors(root: type[EnrichmentError] = EnrichmentError) -> Iterator[type[EnrichmentError]]:
    for child in root.__subclasses__():
        if hasattr(child, "code"):
            yield child
        yield from errors(child)


def refuse(body: object) -> dict[str, Any]:
    """The problem that answers `body`."""
    with pytest.raises(ValidationError) as refused:
        Submission.model_validate(body, by_alias=True, by_name=False)
    return shown(problems.of_body(refused.value))


def shown(error: EnrichmentError) -> dict[str, Any]:
    problem: dict[str, Any] = json.loads(bytes(problems.of(error).body))
    return problem


@pytest.mark.parametrize("error", [*errors()], ids=lambda error: error.__name__)
def test_every_error_has_its_problem(error: type[EnrichmentError]) -> None:
    answer = problems.of(error("what happened"))
    problem = json.loads(bytes(answer.body))
    assert answer.status_code == problem["status"] == error.http_status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == error.code
    assert problem["code"] in BY_CODE
    assert problem["title"] == error.title
    assert ("what happened" in problem["detail"]) == (error.http_status != 500)


def test_faults_are_shown_as_pointer_and_reason() -> None:
    problem = shown(InvalidInput("wrong", (Fault("/a/0", "is too long"),)))
    assert problem["errors"] == [{"pointer": "/a/0", "reason": "is too long"}]


def test_an_error_that_passes_says_when_to_come_again() -> None:
    assert problems.of(StorageUnavailable("away")).headers["retry-after"] == "2"
    assert problems.of(RateLimited("slow down", retry_after=timedelta(seconds=30))).headers["retry-after"] == "30"
    assert "retry-after" not in problems.of(InvalidInput("wrong")).headers


@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        ([], "", "should be an object"),
        ({"candidateData": {}}, "/type", "is required"),
        ({"type": "skills_optimization"}, "/candidateData", "needs `candidateData`"),
        ({"type": "bulk_candidate_enrichment"}, "/candidates", "needs `candidates`"),
        (CANDIDATE | {"candidates": [{}]}, "/candidates", "takes `candidateData`, not `candidates`"),
        (CANDIDATE | {"candidate_data": {}}, "/candidate_data", "is not expected here"),
        (CANDIDATE | {"colour": 1}, "/colour", "is not expected here"),
        (CANDIDATE | {"options": {"colour": 1}}, "/options/colour", "is not expected here"),
        (CANDIDATE | {CANARY + " was here": 1}, "", "is not expected here"),
        (CANDIDATE | {"priority": 17}, "/priority", "is in no band: use critical (20), high (10-15), normal"),
        (CANDIDATE | {"priority": True}, "/priority", "is neither a band nor a number"),
        (CANDIDATE | {"maxRetries": "12"}, "/maxRetries", "should be a valid integer"),
        (CANDIDATE | {"maxRetries": True}, "/maxRetries", "should be a valid integer"),
        (CANDIDATE | {"maxRetries": 1.0}, "/maxRetries", "should be a valid integer"),
        (CANDIDATE | {"runAt": "2026-11-23T09:00:00"}, "/runAt", "should have timezone info"),
        (CANDIDATE | {"runAt": 5}, "/runAt", "is no time"),
        (CANDIDATE | {"options": {"asOf": 20_000}}, "/options/asOf", "is no day"),
        (CANDIDATE | {"candidateId": ""}, "/candidateId", "should match pattern"),
        (CANDIDATE | {"candidateId": 7}, "/candidateId", "should be a valid string"),
        ({"type": "bulk_candidate_enrichment", "candidates": [{}, 3]}, "/candidates/1", "should be a valid dictionary"),
        ({"type": "bulk_candidate_enrichment", "candidates": []}, "/candidates", "should have at least 1 item"),
    ],
)
def test_a_refusal_names_the_field_in_the_words_of_the_json(body: object, pointer: str, reason: str) -> None:
    problem = refuse(body)
    assert problem["code"] == "invalid_input"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert problem["errors"][0]["reason"].startswith(reason)
    assert CANARY not in json.dumps(problem)


def test_an_unknown_type_has_a_code_of_its_own_and_lists_those_that_there_are() -> None:
    problem = refuse({"type": CANARY, "candidateData": {}})
    assert (problem["status"], problem["code"]) == (422, "unsupported_type")
    assert "skills_optimization" in problem["errors"][0]["reason"]
    assert CANARY not in json.dumps(problem)


def test_a_thousand_faults_are_not_all_told() -> None:
    problem = refuse({"type": "bulk_candidate_enrichment", "candidates": [1] * 1_000})
    assert len(problem["errors"]) == 20


_TEXTS = st.text() | st.just(CANARY + " Müller")
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)
_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "type": _VALUES | st.sampled_from(["skills_optimization", "bulk_candidate_enrichment"]),
        "candidateId": _VALUES,
        "candidateData": _VALUES,
        "candidates": _VALUES,
        "priority": _VALUES,
        "options": _VALUES | st.dictionaries(st.sampled_from(["asOf", "locale", "type", "batchSize"]), _VALUES),
        "maxRetries": _VALUES,
        "runAt": _VALUES,
        CANARY + " Müller": _VALUES,
    },
)


@given(_BODIES | _VALUES)
def test_any_body_is_accepted_or_refused_without_being_quoted(body: object) -> None:
    try:
        Submission.model_validate(body, by_alias=True, by_name=False)
    except ValidationError as error:
        problem = shown(problems.of_body(error))
        assert problem["status"] == 422
        assert CANARY not in json.dumps(problem)
