"""Skills under one name, counted without counting twice."""

from typing import Any

import pytest

from enrichment.faithfulness import check
from enrichment.results import Kind, SkillReview, SkillsResult
from tests.unit.rules import AS_OF, enrich


def position(start: str, end: str | None, *technologies: str, **more: Any) -> dict[str, Any]:
    return {"name": "Acme", "startDate": start, "endDate": end, "technologies": list(technologies), **more}


def review(candidate: dict[str, Any], name: str, locale: str = "en") -> SkillReview:
    [found] = [skill for skill in enrich(SkillsResult, candidate, locale).skills if skill.name.value == name]
    return found


def months(candidate: dict[str, Any], name: str) -> int | None:
    counted = review(candidate, name).months
    return counted.value if counted else None


def test_spellings_of_one_skill_are_merged_and_remembered() -> None:
    found = review({"skills": ["golang", "Go", "Fast API"]}, "Go")
    assert [written.value for written in found.written_as] == ["golang", "Go"]
    assert (found.name.kind, found.name.evidence) == (Kind.COPIED, ("/skills/1",))
    assert found.category.value == "languages"


def test_near_names_are_never_merged_only_suggested() -> None:
    result = enrich(SkillsResult, {"skills": ["Java", "JavaScript", "Javascrpt", "SQL", "NoSQL"]})
    assert [skill.name.value for skill in result.skills] == ["Java", "JavaScript", "Javascrpt", "SQL", "NoSQL"]
    assert [(one.written.value, one.did_you_mean.value) for one in result.suggestions] == [("Javascrpt", "JavaScript")]


def test_unknown_skills_stay_as_written() -> None:
    found = review({"skills": ["Nomadic queues", "nomadic-queues"]}, "Nomadic queues")
    assert not found.known
    assert found.category.value == "other"
    assert len(found.written_as) == 2


def test_months_in_two_positions_at_once_count_once() -> None:
    work = [position("2020-01", "2021-12", "Python"), position("2021-01", "2022-12", "Python")]
    assert months({"work": work}, "Python") == 36


def test_an_open_position_counts_to_the_day_of_submission_and_not_to_today() -> None:
    assert months({"work": [position("2026-01", "present", "Rust")]}, "Rust") == 10


@pytest.mark.parametrize(
    ("start", "end", "level"),
    [
        ("2020-01", "2020-11", "beginner"),
        ("2020-01", "2020-12", "intermediate"),
        ("2020-01", "2022-12", "advanced"),
        ("2015-01", "2020-12", "advanced"),
        ("2015-01", "2021-01", "expert"),
    ],
)
def test_the_level_follows_the_months(start: str, end: str, level: str) -> None:
    found = review({"work": [position(start, end, "Rust")]}, "Rust").level
    assert found
    assert (found.value, found.kind, found.rule) == (level, Kind.INFERRED, "level_by_months")


def test_no_dates_no_level_unless_years_are_stated() -> None:
    assert review({"skills": ["Rust"]}, "Rust").level is None
    stated = review({"skills": [{"name": "Rust", "years": "4 years"}]}, "Rust").level
    assert stated
    assert (stated.value, stated.rule, stated.evidence) == ("advanced", "level_by_stated_years", ("/skills/0/years",))


@pytest.mark.parametrize(
    ("entry", "name", "years", "level"),
    [
        ("Python (8 years)", "Python", "8 years", "expert"),
        ("Python (10 ans)", "Python", "10 ans", "expert"),
        ("Python – 5+ yrs, senior", "Python", "5+ yrs", "advanced"),
        ("Python : 1,5 ans d'expérience", "Python", "1,5 ans d'expérience", "intermediate"),
        ({"name": "Python", "years": "5+"}, "Python", "5+", "advanced"),
        ({"name": "Python", "years": 9}, "Python", "9", "expert"),
        ({"name": "Python", "level": "Senior"}, "Python", None, "advanced"),
        ({"name": "Python", "level": "Niveau intermédiaire"}, "Python", None, "intermediate"),
        ({"name": "Back end", "level": "Senior", "keywords": ["Python"]}, "Python", None, "advanced"),
        ("dbt – advanced", "dbt", None, "advanced"),
        ("Power BI (expert)", "Power BI", None, "expert"),
        ("Conduite du changement (10 ans)", "Change management", "10 ans", "expert"),
        ("Nomadic queues (4 years, advanced)", "Nomadic queues", "4 years", "advanced"),
    ],
)
def test_the_candidates_own_years_and_level_win(entry: Any, name: str, years: str | None, level: str) -> None:
    candidate = {"skills": [entry], "work": [position("2024-01", "2024-12", name)]}
    found = review(candidate, name)
    assert (found.declared_years.value if found.declared_years else None) == years
    assert found.level
    assert (found.level.value, found.months and found.months.value) == (level, 12)
    assert found.level.evidence[0].startswith("/skills/0")
    assert [skill.name.value for skill in enrich(SkillsResult, candidate).skills] == [name]
    assert check(enrich(SkillsResult, candidate), candidate, AS_OF).violations == ()


@pytest.mark.parametrize(
    "entry", ["Angular (2 and up)", "Python: the basics of it", "Paris – Lyon", "Python (6 months)"]
)
def test_what_says_neither_years_nor_a_level_declares_nothing(entry: str) -> None:
    found = enrich(SkillsResult, {"skills": [entry]}).skills[0]
    assert (found.declared_years, found.declared_level, found.level) == (None, None, None)


def test_months_are_not_taken_for_years() -> None:
    assert review({"skills": [{"name": "Python", "years": "6 months"}]}, "Python").level is None


def test_a_skill_is_found_in_the_text_of_a_position() -> None:
    work = [position("2020-01", "2020-06", highlights=["Moved billing to Kubernetes"])]
    found = review({"work": work}, "Kubernetes")
    assert not found.declared
    assert found.months
    assert "/work/0/highlights/0" in found.months.evidence
    assert found.last_used
    assert found.last_used.value == "2020-06"


def test_an_employer_named_like_a_skill_is_no_skill() -> None:
    work = [{"name": "Oracle", "position": "Clerk", "startDate": "2020-01"}]
    assert enrich(SkillsResult, {"work": work}).skills == ()


def test_a_title_alone_proves_no_homonym_not_even_a_declared_one() -> None:
    work = [
        position("2014-01", "2017-12", position="Postman"),
        position("2018-01", "2018-12", position="Tester", highlights=["Checked each Postman collection"]),
    ]
    assert enrich(SkillsResult, {"work": work}).skills == ()
    assert months({"work": work, "skills": ["Postman"]}, "Postman") == 12


def test_a_positions_technologies_and_keywords_are_company() -> None:
    work = [position("2018-01", "2018-12", "Cassandra", highlights=["Ran the largest Cassandra cluster"])]
    assert len(review({"work": work}, "Cassandra").name.evidence) == 2
    work = [position("2018-01", "2018-12", keywords=["React", "TypeScript"])]
    assert months({"work": work}, "React") == 12


def test_entries_that_list_several_skills() -> None:
    result = enrich(SkillsResult, {"skills": ["HTML/CSS", "AWS (EC2, S3)", "CI/CD", "Python, Django; Redis"]})
    assert {skill.name.value for skill in result.skills} == {
        *("HTML", "CSS", "AWS", "Amazon EC2", "Amazon S3", "CI/CD", "Python", "Django", "Redis")
    }


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("C/C++", {"C", "C++"}),
        ("C++/C#", {"C++", "C#"}),
        ("MS Word + Excel", {"Word", "Excel"}),
        ("HTML+CSS", {"HTML", "CSS"}),
    ],
)
def test_a_plus_is_part_of_a_name_or_stands_between_two(entry: str, names: set[str]) -> None:
    assert {skill.name.value for skill in enrich(SkillsResult, {"skills": [entry]}).skills} == names


def test_a_group_gives_its_level_to_its_skills_as_an_inference() -> None:
    candidate = {"skills": [{"name": "Frontend", "level": "Senior", "keywords": ["React"]}]}
    assert [skill.name.value for skill in enrich(SkillsResult, candidate).skills] == ["React"]
    level = review(candidate, "React").declared_level
    assert level
    assert (level.value, level.kind, level.evidence) == ("Senior", Kind.INFERRED, ("/skills/0/level",))


def test_french_names_for_a_french_reader() -> None:
    assert review({"skills": ["project management"]}, "Gestion de projet", "fr-FR").known
