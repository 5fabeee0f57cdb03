"""The profile and the competence file: assembled from facts, in the reader's language."""

from typing import Any

from enrichment.results import CompetenceFileResult, ProfileResult
from tests.unit.rules import enrich

CANDIDATE: dict[str, Any] = {
    "basics": {"name": "Ada Lind", "label": "Data engineer", "email": "ada@example.com"},
    "work": [
        {"name": "Old", "position": "Clerk", "startDate": "2016-01", "endDate": "2017-12", "technologies": ["Excel"]},
        {"name": "New", "position": "Engineer", "startDate": "2020-11", "endDate": "present", "technologies": ["dbt"]},
    ],
    "skills": ["SQL", "Scrum"],
    "education": [{"studyType": "BSc", "endDate": "2012"}, {"studyType": "MSc", "endDate": "2014"}],
    "languages": [{"language": "Swedish", "fluency": "Native"}],
    "availability": "Now",
}


def test_the_headline_is_made_of_facts() -> None:
    headline = enrich(ProfileResult, CANDIDATE).headline
    assert headline
    assert headline.value == "Data engineer · 8 years · dbt, Excel, SQL"
    assert {"/basics/label", "/work/1/startDate", "/skills/0"} <= {*headline.evidence}


def test_the_summary_in_two_languages() -> None:
    english = [sentence.value for sentence in enrich(ProfileResult, CANDIDATE).summary]
    assert english == [
        "Data engineer – 8 years of professional experience",
        "In post since Nov 2020: Engineer, New",
        "Longest practised skills: dbt (6 years), Excel (2 years)",
        "Education: MSc",
        "Languages: Swedish – Native",
    ]
    french = [sentence.value for sentence in enrich(ProfileResult, CANDIDATE, "fr-CA").summary]
    assert french[1:3] == [
        "En poste depuis nov. 2020 : Engineer, New",
        "Compétences les plus pratiquées : dbt (6 ans), Excel (2 ans)",
    ]


def test_completeness_counts_what_is_there_and_asks_for_the_rest() -> None:
    result = enrich(ProfileResult, CANDIDATE)
    absent = [section.name for section in result.completeness.sections if not section.present]
    assert absent == ["location", "summary", "results"]
    assert result.completeness.score.value == 75
    assert [question.code for question in result.questions] == [f"missing_{name}" for name in absent]


def test_nothing_is_said_of_an_empty_resume() -> None:
    result = enrich(ProfileResult, {})
    assert (result.headline, result.summary, result.top_skills) == (None, (), ())
    assert result.completeness.score.value == 0
    assert sum(section.weight for section in result.completeness.sections) == 100
    assert len(result.questions) == len(result.completeness.sections)


def test_the_competence_file_is_newest_first_and_grouped() -> None:
    file = enrich(CompetenceFileResult, CANDIDATE, "fr")
    assert file.language == "fr"
    assert [entry.employer.value for entry in file.experience if entry.employer] == ["New", "Old"]
    assert [(group.label, [skill.name.value for skill in group.skills]) for group in file.skills] == [
        ("Langages", ["SQL"]),
        ("Données et décisionnel", ["dbt"]),
        ("Outils", ["Excel"]),
        ("Méthodes et pilotage", ["Scrum"]),
    ]
    assert file.header.availability
    assert file.header.availability.value == "Now"


def test_the_competence_file_holds_no_contact_details() -> None:
    assert "ada@example.com" not in enrich(CompetenceFileResult, CANDIDATE).model_dump_json()


def test_names_that_are_written_apart_are_one_in_the_header() -> None:
    file = enrich(CompetenceFileResult, {"prenom": "Karim", "nom": "Durand"}, "fr")
    assert file.header.name
    assert (file.header.name.value, file.header.name.evidence) == ("Karim Durand", ("/prenom", "/nom"))
    assert file.faithfulness.violations == ()


def test_only_technical_skills_are_a_technical_environment() -> None:
    work = [{"name": "A", "position": "Manager", "summary": "Payroll, recruitment, P&L and Kanban with Excel"}]
    [entry] = enrich(CompetenceFileResult, {"work": work}).experience
    assert [skill.value for skill in entry.technologies] == ["Excel"]
