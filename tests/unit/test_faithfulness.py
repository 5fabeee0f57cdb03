"""What the check says of statements that are no text, of broken evidence, and what a repair leaves behind."""

from typing import Any

import pytest

from enrichment.errors import UnfaithfulOutput
from enrichment.faithfulness import check, repair
from enrichment.results import (
    CompetenceFileResult,
    ExperienceResult,
    Kind,
    Level,
    ProfileResult,
    Result,
    Said,
    SkillsResult,
    Span,
    Statement,
)
from tests.unit.rules import AS_OF, enrich

CANDIDATE: dict[str, Any] = {
    "basics": {"name": "Ada", "label": "Data engineer", "summary": "I built 12 pipelines in Python."},
    "work": [
        {"name": "Acme", "position": "Engineer", "startDate": "2018-01", "endDate": "2019-12", "summary": "Python."},
        {"name": "Initech", "position": "Analyst", "startDate": "2019-07", "endDate": "2021-06", "summary": "Java."},
        {"name": "Hooli", "position": "Lead", "startDate": "2023-01", "summary": "Python and Java."},
    ],
    "skills": ["python", {"name": "Zig", "years": 4}],
}


def rules_broken(result: Result) -> dict[str, str]:
    return {violation.pointer: violation.rule for violation in check(result, CANDIDATE, AS_OF).violations}


def test_statements_that_their_evidence_does_not_carry() -> None:
    wrong = {
        "not_a_copy": Said(value="Eve", kind=Kind.COPIED, evidence=("/basics/name",)),
        "evidence_unresolved": Said(value="Ada", kind=Kind.COPIED, evidence=("/basics/nickname",)),
        "name_of_skill": Said(value="Java", kind=Kind.NORMALISED, evidence=("/skills/0",), rule="name_of_skill"),
        "rule_missing": Said(value="Python", kind=Kind.DERIVED, evidence=("/skills/0",)),
        "evidence_missing": Said.model_construct(value="Ada", kind=Kind.COPIED, evidence=(), rule=None),
    }
    faulty = enrich(CompetenceFileResult, CANDIDATE).model_copy(update={"introduction": tuple(wrong.values())})
    assert rules_broken(faulty) == {f"/introduction/{n}": rule for n, rule in enumerate(wrong)}
    assert check(faulty, CANDIDATE, AS_OF).score < 1


def reworded(text: str, *evidence: str) -> Said:
    return Said(value=text, kind=Kind.DERIVED, evidence=evidence, rule="reworded")


def test_what_one_position_did_is_not_told_of_another() -> None:
    theirs = Said(value="Java.", kind=Kind.COPIED, evidence=("/work/1/summary",))
    both = reworded("Python and Java.", "/work/0/summary", "/work/1/summary")
    experience = enrich(ExperienceResult, CANDIDATE)
    first, *others = experience.positions
    told = first.position.model_copy(update={"summary": (*first.position.summary, both), "bullets": (theirs,)})
    result = experience.model_copy(
        update={"positions": (first.model_copy(update={"position": told}), *others)},
    )
    wrong = ("/positions/0/position/summary/1", "/positions/0/position/bullets/0")
    assert rules_broken(result) == dict.fromkeys(wrong, "evidence_of_another_position")

    mended = repair(result, experience, CANDIDATE, AS_OF)
    assert [said.value for said in mended.positions[0].position.summary] == ["Python."]
    assert mended.positions[0].position.bullets == ()
    assert mended.faithfulness.score == 1


def test_an_employer_of_several_positions_names_them_all() -> None:
    titles = [
        {"title": title, "startDate": "2020-01", "summary": "Wrote tests."} for title in ("Tester", "Lead tester")
    ]
    candidate = {"work": [{"company": "Acme", "summary": "Makes anvils.", "positions": titles}]}
    result = enrich(CompetenceFileResult, candidate)
    one, all_of_them = "/work/0/positions/0/title", "/work/0"
    right, wide = reworded("Tester at Acme", one, "/work/0/company"), reworded("Tester at Acme", all_of_them)
    found = check(result.model_copy(update={"introduction": (right, wide)}), candidate, AS_OF).violations
    assert [(violation.pointer, violation.rule) for violation in found] == [("/introduction/1", "evidence_too_wide")]


@pytest.mark.parametrize("skill", ["Julia", "React", "Rust", "Excel", "Cassandra", "Chef"])
def test_a_homonym_without_a_source_is_caught_in_or_out_of_company(skill: str) -> None:
    texts = [f"I built pipelines with {skill}.", f"I built pipelines in Python and {skill}.", f"{skill}, Python"]
    said = tuple(reworded(text, "/basics/summary") for text in texts)
    result = enrich(ProfileResult, CANDIDATE).model_copy(update={"summary": said})
    found = check(result, CANDIDATE, AS_OF).violations
    assert [(violation.pointer, skill in violation.found) for violation in found] == [
        (f"/summary/{n}", True) for n in range(3)
    ]


@pytest.mark.parametrize("pointer", ["", "/basics", "/work", "/skills"])
def test_the_whole_and_its_sections_are_no_evidence_of_a_text(pointer: str) -> None:
    said = (reworded("I built 12 pipelines in Python", pointer), reworded("Analyst, Java", "/work/1"))
    result = enrich(ProfileResult, CANDIDATE).model_copy(update={"summary": said})
    assert rules_broken(result) == {"/summary/0": "evidence_too_wide"}


@pytest.mark.parametrize("source", ["Built it.\n", "  Built it.", "\ufeffBuilt it. \u200b", "\u2028Built it.\t"])
def test_a_copy_may_lack_what_nobody_sees(source: str) -> None:
    candidate = {"basics": {"summary": source, "label": "Built it"}}
    texts = [("Built it.", "/basics/summary"), (source, "/basics/summary"), ("Built it.", "/basics/label")]
    said = tuple(Said(value=text, kind=Kind.COPIED, evidence=(evidence,)) for text, evidence in texts)
    result = enrich(ProfileResult, candidate).model_copy(update={"summary": said})
    found = check(result, candidate, AS_OF).violations
    assert [(violation.pointer, violation.rule) for violation in found] == [("/summary/2", "not_a_copy")]


def test_counted_values_are_counted_again() -> None:
    experience = enrich(ExperienceResult, CANDIDATE)
    total = experience.total_months
    assert total is not None
    assert total.value == 42 + 46
    more = {
        "total_months": total.model_copy(update={"value": total.value + 12}),
        "gaps": tuple(
            gap.model_copy(update={"value": Span(start="2021-01", end="2022-12", months=24)}) for gap in experience.gaps
        ),
    }
    assert rules_broken(experience.model_copy(update=more)) == {"/totalMonths": "recount", "/gaps/0": "recount"}

    skills = enrich(SkillsResult, CANDIDATE)
    raised = tuple(
        skill.model_copy(update={"level": skill.level.model_copy(update={"value": Level.BEGINNER})})
        if skill.level
        else skill
        for skill in skills.skills
    )
    levels = {f"/skills/{n}/level": "recount" for n, skill in enumerate(skills.skills) if skill.level}
    assert len(levels) == 3
    assert rules_broken(skills.model_copy(update={"skills": raised})) == levels


def test_an_open_position_is_counted_to_the_day_of_submission() -> None:
    result = enrich(ProfileResult, CANDIDATE)
    assert check(result, CANDIDATE, AS_OF).violations == ()
    assert "/totalMonths" in {v.pointer for v in check(result, CANDIDATE, AS_OF.replace(year=2030)).violations}


def test_a_sentence_may_state_what_its_dates_add_up_to() -> None:
    dates = tuple(f"/work/{n}/{end}" for n, end in ((0, "startDate"), (0, "endDate"), (1, "startDate"), (1, "endDate")))
    right, wrong = (
        Said(value=text, kind=Kind.DERIVED, evidence=("/basics/label", *dates), rule="reworded")
        for text in ("Data engineer, 3 years", "Data engineer, 5 years")
    )
    result = enrich(ProfileResult, CANDIDATE).model_copy(update={"summary": (right, wrong)})
    assert rules_broken(result) == {"/summary/1": "number"}


def test_a_repair_puts_the_draft_or_the_source_in_place_of_the_text() -> None:
    boast = Said(value="Led 40 data engineers", kind=Kind.INFERRED, evidence=("/basics/label",), rule="reworded")
    months = Statement[int](value=400, kind=Kind.DERIVED, evidence=("/work/0/startDate",), rule="counted")
    draft = enrich(ProfileResult, CANDIDATE)
    mended = repair(
        draft.model_copy(update={"headline": boast, "summary": (boast, *draft.summary, boast), "total_months": months}),
        draft,
        CANDIDATE,
        AS_OF,
    )
    assert draft.headline
    assert (mended.headline, mended.total_months) == (draft.headline, draft.total_months)
    label = Said(value="Data engineer", kind=Kind.COPIED, evidence=("/basics/label",))
    assert mended.summary == (label, *draft.summary)
    told = {violation.pointer: violation for violation in mended.faithfulness.violations}
    assert set(told) == {"/headline", "/summary/0", f"/summary/{len(draft.summary) + 1}", "/totalMonths"}
    assert all(violation.repaired for violation in told.values())
    assert told["/headline"].found == ("40",)
    assert mended.faithfulness.score == 1
    assert mended.warnings[-1].code == "unfaithful_replaced"
    assert repair(mended, draft, CANDIDATE, AS_OF).faithfulness.violations == ()


def test_a_repair_leaves_out_what_neither_the_draft_nor_a_source_says() -> None:
    skills, profile = enrich(SkillsResult, CANDIDATE), enrich(ProfileResult, CANDIDATE)
    first = skills.skills[0]
    lost = first.model_copy(update={"name": first.name.model_copy(update={"evidence": ("/nowhere",)})})
    broken = skills.model_copy(update={"skills": (lost, *skills.skills[1:])})
    assert repair(broken, skills, CANDIDATE, AS_OF).skills == skills.skills
    assert repair(broken, broken, CANDIDATE, AS_OF).skills == skills.skills[1:]

    boast = profile.model_copy(update={"headline": reworded("Chief of 40", "/basics/summary")})
    assert repair(boast, profile.model_copy(update={"headline": None}), CANDIDATE, AS_OF).headline is None


@pytest.mark.parametrize("field", ["phone", "email", "name", "birthDate"])
def test_a_repair_prints_nothing_that_is_kept_from_the_model(field: str) -> None:
    basics = {"phone": 33612345678, "email": "ada@example.com", "birthDate": "1990-12-10"}
    candidate = CANDIDATE | {"basics": CANDIDATE["basics"] | basics}
    draft = enrich(CompetenceFileResult, candidate)
    boast, fair = (
        reworded("Led 40 engineers", f"/basics/{field}", *more) for more in ((), ("/work/0/endDate", "/basics/label"))
    )
    mended = repair(draft.model_copy(update={"introduction": (boast, fair)}), draft, candidate, AS_OF)
    assert [said.value for said in mended.introduction] == ["Data engineer"]
    mended = repair(draft.model_copy(update={"introduction": (boast,)}), draft, candidate, AS_OF)
    assert mended.introduction == draft.introduction != ()


def test_a_repair_that_leaves_no_result_says_so() -> None:
    profile = enrich(ProfileResult, CANDIDATE)
    score = profile.completeness.score.model_copy(update={"value": 100})
    completeness = profile.completeness.model_copy(update={"score": score})
    broken = profile.model_copy(update={"completeness": completeness})
    with pytest.raises(UnfaithfulOutput):
        repair(broken, broken, CANDIDATE, AS_OF)


def test_a_faithful_result_is_left_as_it_is() -> None:
    result = enrich(CompetenceFileResult, CANDIDATE)
    assert repair(result, result, CANDIDATE, AS_OF) == result
