"""What holds for every type and every candidate: it completes, is carried by evidence, and is always the same."""

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from enrichment.documents import formats
from enrichment.documents.formats import Format
from enrichment.enrichers.base import Task
from enrichment.errors import UnsupportedType
from enrichment.faithfulness.statements import statements
from enrichment.models import SINGLE_TYPES, JobType
from enrichment.pointers import resolve
from enrichment.results import RESULTS, CompetenceFileResult, ProfileResult, Result, SkillsResult
from tests.unit.rules import AS_OF, ENRICHER, enrich, run

EXAMPLES = Path(__file__).parents[2] / "examples"


def check(result: Result, candidate: dict[str, Any]) -> None:
    assert result.faithfulness.violations == ()
    assert result.faithfulness.score == 1.0
    found = list(statements(result))
    assert result.faithfulness.checked_facts == len(found)
    in_json = result.model_dump(mode="json", by_alias=True)
    for pointer, statement in found:
        assert resolve(in_json, pointer + "/kind") == statement.kind
        for evidence in statement.evidence:
            resolve(candidate, evidence)


@pytest.mark.parametrize("job_type", SINGLE_TYPES)
def test_each_type_on_every_public_resume(job_type: JobType, resumes: dict[str, dict[str, Any]]) -> None:
    for candidate in resumes.values():
        for locale in ("en", "fr"):
            check(run(job_type, candidate, locale), candidate)


@pytest.mark.parametrize("job_type", SINGLE_TYPES)
@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_each_type_on_our_examples(job_type: JobType, example: Path) -> None:
    candidate = json.loads(example.read_text(encoding="utf-8"))
    check(run(job_type, candidate), candidate)


@pytest.mark.parametrize(
    "summary",
    [
        "Pas de Kubernetes.",
        "Ni Kubernetes ni Docker.",
        "Tout sauf Kubernetes.",
        "Rien en Kubernetes.",
        "À l'exception de Kubernetes.",
        "All of it except Kubernetes.",
        "Hardly any Kubernetes.",
        "Lacks Kubernetes.",
        "Neither Kubernetes nor Docker.",
    ],
)
def test_a_skill_that_a_position_denies_is_not_claimed(summary: str) -> None:
    candidate = {"work": [{"name": "Acme", "startDate": "2019-01", "endDate": "2021-01", "summary": summary}]}
    for job_type in SINGLE_TYPES:
        check(run(job_type, candidate), candidate)
    assert enrich(SkillsResult, candidate).skills == ()


def test_a_result_is_of_its_type_and_says_that_it_is_rules() -> None:
    for job_type, result_type in RESULTS.items():
        result = run(job_type, {"basics": {"name": "A"}})
        assert type(result) is result_type
        assert (result.provider, result.model, result.prompt_version) == ("rules", "rules-1", None)
        assert result.notice
        assert "without AI" in result.notice
        assert result.usage.requests == 0


def test_a_bulk_is_refused() -> None:
    with pytest.raises(UnsupportedType):
        run(JobType.BULK_CANDIDATE_ENRICHMENT, {})


def test_the_same_task_gives_the_same_bytes() -> None:
    candidate = json.loads((EXAMPLES / "amelie-martin.json").read_text(encoding="utf-8"))
    for job_type in SINGLE_TYPES:
        assert run(job_type, candidate).model_dump_json() == run(job_type, candidate).model_dump_json()


def test_only_the_day_of_submission_moves_an_open_position() -> None:
    candidate = {"work": [{"name": "A", "position": "B", "startDate": "2020-01"}]}
    totals = [enrich(ProfileResult, candidate, as_of=date(year, 1, 31)).total_months for year in (2021, 2022)]
    assert [total.value for total in totals if total] == [13, 25]


@pytest.mark.parametrize("job_type", SINGLE_TYPES)
def test_progress_rises_by_stages_and_says_nothing_of_the_candidate(job_type: JobType) -> None:
    candidate = {"basics": {"name": "Zyxwv"}, "work": [{"name": "Zyxwv", "summary": "Zyxwv"}], "skills": ["Zyxwv"]}
    reports: list[tuple[int, str, str]] = []

    async def report(percentage: int, stage: str, message: str) -> None:
        reports.append((percentage, stage, message))

    asyncio.run(ENRICHER.enrich(Task(job_type, candidate, AS_OF), report))
    percentages = [percentage for percentage, _, _ in reports]
    assert percentages == sorted(set(percentages))
    assert len({stage for _, stage, _ in reports}) >= 4
    assert not [message for _, _, message in reports if "Zyxwv" in message]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "Java, C++/Go",
        "- **Led** a team of 5",
        "2020-01",
        "2019 - present",
        "2020-13",
        "Etc.",
        "R&D",
        "<b>x</b>",
        "Zig (new)",
        "Lead, senior lead",
        "no Java, not Go",
        "2 years of Java",
        "ACME Corp 2019",
        "12,345",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "name",
    "position",
    "startDate",
    "endDate",
    "date",
    "summary",
    "highlights",
    "technologies",
    "keywords",
    "level",
)
entries = st.dictionaries(st.sampled_from((*FIELDS, "years", "lastUsed", "client", "positions", "current")), values)
sections = st.lists(entries, max_size=4) | entries | values
SECTIONS = ("basics", "work", "projects", "education", "skills", "languages", "certificates", "a/b", "~", "dailyRate")
candidates = st.dictionaries(st.sampled_from(SECTIONS) | texts, sections, max_size=8)


@example({"skills": {"name": ["1@", 0]}}, JobType.COMPETENCE_FILE_GENERATION, "en")
@example({"skills": [{"name": ["A000", "NO'A000"]}]}, JobType.COMPETENCE_FILE_GENERATION, "en")
@example({"languages": ["NO", "A000"], "skills": ["A000"]}, JobType.COMPETENCE_FILE_GENERATION, "en")
@example({"education": ["Java, C++/Go"]}, JobType.CANDIDATE_PROFILE_ENHANCEMENT, "fr")
@settings(max_examples=200, deadline=None)
@given(candidates, st.sampled_from(SINGLE_TYPES), st.sampled_from(["en", "fr"]))
def test_any_json_object_completes_and_is_carried(candidate: dict[str, Any], job_type: JobType, locale: str) -> None:
    result = run(job_type, candidate, locale)
    check(result, candidate)
    assert RESULTS[job_type].model_validate_json(result.model_dump_json(by_alias=True)) == result
    if isinstance(result, CompetenceFileResult):
        assert formats.render(result.model_dump(mode="json", by_alias=True), Format.MD, datetime.now(UTC)).endswith(
            b"\n"
        )
