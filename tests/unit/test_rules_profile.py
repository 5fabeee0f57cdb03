"""The profile and the competence file: assembled from facts, in the reader's language."""

from datetime import UTC, datetime
from typing import Any

import pytest

from enrichment.documents import markdown
from enrichment.documents.content import document
from enrichment.enrichers.rules.degrees import rank
from enrichment.faithfulness import check
from enrichment.results import CompetenceFileResult, ExperienceResult, ProfileResult, SkillsResult
from tests.unit.rules import AS_OF, enrich

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
    assert headline.value == "Data engineer · 8 years of professional experience in total · dbt, Excel, SQL"
    assert {"/basics/label", "/work/1/startDate", "/skills/0"} <= {*headline.evidence}


def test_the_summary_in_two_languages() -> None:
    english = [sentence.value for sentence in enrich(ProfileResult, CANDIDATE).summary]
    assert english == [
        "8 years of professional experience in total",
        "In post since Nov 2020: Engineer, New",
        "Longest practised skills: dbt (6 years), Excel (2 years)",
        "Education: MSc",
        "Languages: Swedish – Native",
    ]
    french = [sentence.value for sentence in enrich(ProfileResult, CANDIDATE, "fr-CA").summary]
    assert french[:3] == [
        "8 ans d’expérience professionnelle au total",
        "En poste depuis nov. 2020 : Engineer, New",
        "Compétences les plus pratiquées : dbt (6 ans), Excel (2 ans)",
    ]


def test_every_open_position_is_named_the_candidates_own_first() -> None:
    salaried = {"name": "Crédit", "position": "Cheffe de projet", "startDate": "2017-09", "endDate": "présent"}
    beside = {"name": "Conseil", "position": "Consultante indépendante", "startDate": "2019-01", "endDate": "présent"}
    board = {"name": "Asso", "position": "Trésorière", "startDate": "2020-01", "endDate": "présent"}

    def current(**basics: str) -> list[str]:
        profile = enrich(ProfileResult, {"basics": basics, "work": [beside, board, salaried]}, "fr")
        assert profile.faithfulness.violations == ()
        return [said.value.split(" : ")[1] for said in profile.summary if said.rule == "current_position"]

    ranked = ["Cheffe de projet, Crédit", "Trésorière, Asso", "Consultante indépendante, Conseil"]
    assert current() == ranked
    assert current(label="Cheffe de projet SI") == ranked
    assert current(label="Trésorière") == [ranked[1], ranked[0], ranked[2]]
    assert current(label="Consultante indépendante SI") == [ranked[2], ranked[0], ranked[1]]


def test_a_month_in_words_is_carried_by_its_number() -> None:
    work = [{"name": "Z", "position": "Dév", "startDate": "03/2016", "endDate": "présent"}]
    profile = enrich(ProfileResult, {"work": work}, "fr")
    assert "En poste depuis mars 2016 : Dév, Z" in [said.value for said in profile.summary]
    assert profile.faithfulness.violations == ()


def test_the_title_without_a_label_is_that_of_the_main_position() -> None:
    work = [
        {"name": "A", "position": "Freelance illustrator", "startDate": "2021-01", "endDate": "present"},
        {"name": "B", "position": "Nurse", "startDate": "2015-01", "endDate": "present"},
    ]
    title = enrich(CompetenceFileResult, {"work": work}).header.title
    assert title
    assert title.value == "Nurse"


def test_declared_years_stand_in_the_place_of_fewer_counted_ones() -> None:
    candidate = CANDIDATE | {"skills": ["dbt (9 ans)", {"name": "SQL", "years": "12+"}, "Excel"]}
    for locale, said in (
        ("en", "SQL (12+ years), dbt (9 years), Excel (2 years)"),
        ("fr", "SQL (12+ ans), dbt (9 ans)"),
    ):
        profile = enrich(ProfileResult, candidate, locale)
        assert any(said in sentence.value for sentence in profile.summary)
        assert check(profile, candidate, AS_OF).violations == ()
        file = enrich(CompetenceFileResult, candidate, locale)
        declared = {skill.name.value: skill.declared_years for group in file.skills for skill in group.skills}
        assert [(name, stated.value) for name, stated in declared.items() if stated] == [
            ("SQL", "12+"),
            ("dbt", "9 ans"),
        ]
        assert check(file, candidate, AS_OF).violations == ()


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


@pytest.mark.parametrize(
    ("degree", "expected"),
    [
        ("Ph.D.", 3),
        ("Doctorat en physique", 3),
        ("M.Sc.", 2),
        ("Master MIAGE", 2),
        ("Diplôme d’ingénieur", 2),
        ("MBA (formation continue)", 2),
        ("B.Eng.", 1),
        ("Bachelor of Arts", 1),
        ("Licence", 1),
        ("Graduate certificate", 0),
        ("Masterclass", 0),
        ("Scrum Master certificate", 0),
        ("BTS", 0),
    ],
)
def test_how_high_a_degree_is(degree: str, expected: int) -> None:
    assert rank(degree) == expected


def test_the_highest_degree_that_is_finished_is_named() -> None:
    education = [
        {"studyType": "B.Eng.", "endDate": "2014"},
        {"studyType": "Graduate certificate", "endDate": "2021"},
        {"studyType": "PhD", "startDate": "2024", "endDate": "present"},
    ]
    [said] = enrich(ProfileResult, {"education": education}).summary
    assert said.value == "Education: B.Eng."


def test_education_is_newest_first_and_keeps_grades_and_honours() -> None:
    education = [
        {"studyType": "Licence", "endDate": "2008", "score": "Mention Bien"},
        {"studyType": "Master", "date": "2010", "highlights": ["Thesis: Go"], "courses": ["Logic"], "gpa": 3.9},
        {"studyType": "PhD", "startDate": "2024"},
    ]
    file = enrich(CompetenceFileResult, {"education": education})
    assert [entry.degree.value for entry in file.education if entry.degree] == ["PhD", "Master", "Licence"]
    assert file.faithfulness.violations == ()
    read = printed(file)
    assert "Master**, 2010 · Grade: 3.9 · Thesis: Go · Logic" in read
    assert "Licence**, 2008 · Grade: Mention Bien" in read
    assert "PhD**, 2024 –" in read


def test_a_position_of_which_only_a_year_was_read_stands_where_that_year_puts_it() -> None:
    work = [
        {"name": "A", "startDate": "2020-01", "endDate": "2021-01"},
        {"name": "B", "startDate": "once", "endDate": "Q1 2015"},
        {"name": "C", "startDate": "2010", "endDate": "2011"},
        {"name": "D"},
        {"name": "E", "startDate": "once", "endDate": "present"},
    ]
    file = enrich(CompetenceFileResult, {"work": work})
    assert [entry.employer.value for entry in file.experience if entry.employer] == ["E", "A", "B", "C", "D"]


VOLUNTEER: dict[str, Any] = {
    "work": [{"name": "Acme", "position": "Clerk", "startDate": "2020-01", "endDate": "2020-12"}],
    "volunteer": [
        {"organization": "Food bank", "startDate": "2015-01", "endDate": "2016-01"},
        {"organization": "Code club", "position": "Tutor", "startDate": "2017-01", "summary": "Teaches Python."},
    ],
}


def test_volunteering_is_told_and_not_counted() -> None:
    file = enrich(CompetenceFileResult, VOLUNTEER)
    assert [entry.employer.value for entry in file.volunteering if entry.employer] == ["Code club", "Food bank"]
    assert [entry.months for entry in file.volunteering] == [None, None]
    assert file.header.total_months
    assert file.header.total_months.value == 12
    assert file.faithfulness.violations == ()
    read = printed(enrich(CompetenceFileResult, VOLUNTEER, "fr"))
    assert read.index("Acme") < read.index("Bénévolat") < read.index("Tutor · Code club") < read.index("Food bank")

    experience = enrich(ExperienceResult, VOLUNTEER)
    assert [service.pointer for service in experience.volunteering] == ["/volunteer/0", "/volunteer/1"]
    assert experience.faithfulness.violations == ()
    [python] = enrich(SkillsResult, VOLUNTEER).skills
    assert (python.name.value, python.months, python.name.evidence) == ("Python", None, ("/volunteer/1/summary",))


def test_a_project_keeps_its_dates_its_roles_and_all_that_is_said_of_it() -> None:
    project = {
        "name": "kfail",
        "entity": "CNCF",
        "roles": ["Author"],
        "startDate": "2021-03",
        "endDate": "2023-04",
        "description": "A chaos tool.",
        "summary": "- Found 40 faults",
        "highlights": ["1.2k stars"],
        "keywords": ["Go", "Raft", "fault injection"],
    }
    file = enrich(CompetenceFileResult, {"projects": [project]})
    [entry] = file.projects
    assert [text.value for text in entry.summary] == ["A chaos tool."]
    assert [text.value for text in entry.bullets] == ["Found 40 faults", "1.2k stars"]
    assert [skill.value for skill in entry.technologies] == ["Go"]
    assert file.faithfulness.violations == ()
    read = printed(file)
    for said in ("kfail · CNCF", "Mar 2021 – Apr 2023", "**Role:** Author", "**Keywords:** Raft, fault injection"):
        assert said in read


def test_what_is_said_of_an_employer_is_shown_and_is_no_result_of_the_candidate() -> None:
    position = {"name": "A", "startDate": "2020", "description": "Docker cloud, 3,000 staff", "summary": "Runs SQL."}
    [review] = enrich(ExperienceResult, {"work": [position]}).positions
    assert [text.value for text in review.position.summary] == ["Docker cloud, 3,000 staff", "Runs SQL."]
    assert [skill.value for skill in review.position.technologies] == ["SQL"]
    assert review.achievements == ()


def test_patents_and_talks_have_sections_of_their_own() -> None:
    awards = [{"title": "Prize", "awarder": "SREcon", "date": "2022", "summary": "Best talk"}]
    candidate = {"awards": awards, "patents": [{"number": "A pump"}], "invited_talks": [{"title": "On pumps"}]}
    read = printed(enrich(CompetenceFileResult, candidate))
    for said in ("Patents", "A pump", "Talks", "On pumps", "Prize**, SREcon, 2022 · Best talk"):
        assert said in read


def test_a_result_that_was_stored_before_a_field_was_there_is_read() -> None:
    stored = enrich(CompetenceFileResult, CANDIDATE).model_dump(mode="json", by_alias=True)
    for field in ("volunteering", "patents", "talks"):
        del stored[field]
    for entry in stored["education"]:
        del entry["grades"], entry["details"]
    assert CompetenceFileResult.model_validate(stored) == enrich(CompetenceFileResult, CANDIDATE)


def printed(file: CompetenceFileResult) -> str:
    return markdown.render(document(file, datetime(2026, 11, 24, tzinfo=UTC))).decode()


def test_changes_are_quoted_before_counts_and_each_once() -> None:
    work = [
        {
            "name": "New",
            "startDate": "2020-01",
            "summary": "Responsable de l'équipe projet (8 personnes). Réduction de 30 % des délais.",
            "highlights": ["Réduction de 30 % des délais", "Animated 12 workshops for 40 users", "Saved 3 hours a day"],
        },
        {
            "name": "Old",
            "startDate": "2015-01",
            "endDate": "2019-12",
            "highlights": [
                "Team of 8",
                "Served 900 customers",
                "Réduction de 30 % des délais",
                "Cut AWS spend from $3.2M to $1.9M a year",
            ],
        },
    ]
    file = enrich(CompetenceFileResult, {"work": work})
    assert [quoted.value for quoted in file.achievements] == [
        "Réduction de 30 % des délais.",
        "Saved 3 hours a day",
        "Cut AWS spend from $3.2M to $1.9M a year",
        "Team of 8",
    ]
    assert file.faithfulness.violations == ()


def test_only_technical_skills_are_a_technical_environment() -> None:
    work = [{"name": "A", "position": "Manager", "summary": "Payroll, recruitment, P&L and Kanban with Excel"}]
    [entry] = enrich(CompetenceFileResult, {"work": work}).experience
    assert [skill.value for skill in entry.technologies] == ["Excel"]
