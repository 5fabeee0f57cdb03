"""Reading a candidate from whatever JSON was submitted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.pointers import escape, resolve
from enrichment.reading import MAX_WARNINGS, read_candidate


def codes(source: dict[str, Any]) -> set[str]:
    return {warning.code for warning in read_candidate(source).warnings}


def test_a_text_keeps_the_place_where_it_was_submitted() -> None:
    source = {"work": [{"company": "Acme", "position": "Developer", "startDate": "2020-01"}]}
    [position] = read_candidate(source).work
    assert position.employer
    assert (position.employer.value, position.employer.pointer) == ("Acme", "/work/0/company")
    assert position.start
    assert position.start.pointer == "/work/0/startDate"


def test_our_additions_to_json_resume() -> None:
    candidate = read_candidate(
        {
            "candidateId": "c-1",
            "locale": "fr-FR",
            "availability": "Sous un mois",
            "mobility": ["Lyon", "Paris"],
            "dailyRate": {"amount": 650, "currency": "EUR"},
            "work": [{"name": "A", "client": "B", "context": "C", "technologies": ["Go"], "teamSize": 7}],
            "skills": [{"name": "Go", "years": 4, "lastUsed": "2026-10"}],
        }
    )
    assert candidate.candidate_id
    assert candidate.candidate_id.value == "c-1"
    assert [place.value for place in candidate.mobility] == ["Lyon", "Paris"]
    assert [(part.value, part.pointer) for part in candidate.daily_rate] == [
        ("650", "/dailyRate/amount"),
        ("EUR", "/dailyRate/currency"),
    ]
    [position], [skill] = candidate.work, candidate.skills
    assert position.client
    assert position.context
    assert position.team_size
    assert (position.client.value, position.context.value, position.team_size.value) == ("B", "C", "7")
    assert skill.years
    assert skill.last_used
    assert (skill.years.value, skill.last_used.date.year) == ("4", 2026)


@pytest.mark.parametrize(
    ("skills", "names"),
    [
        (["Go", "Rust"], ["Go", "Rust"]),
        ("Go", ["Go"]),
        ([{"name": "Go"}, None, "Rust"], ["Go", "Rust"]),
        ({"name": "Go"}, ["Go"]),
        ([42], ["42"]),
    ],
)
def test_skills_of_other_shapes(skills: object, names: list[str]) -> None:
    assert [skill.name.value for skill in read_candidate({"skills": skills}).skills if skill.name] == names


def test_skills_grouped_by_name() -> None:
    [group] = read_candidate({"skills": {"Tools/CI": ["Git", "Jenkins"]}}).skills
    assert [(text.value, text.pointer) for text in group.keywords] == [
        ("Git", "/skills/Tools~1CI/0"),
        ("Jenkins", "/skills/Tools~1CI/1"),
    ]


def test_skills_as_a_label_with_details() -> None:
    candidate = read_candidate({"skills": [{"label": "Languages", "details": "Python, C++"}, {"label": "Git"}]})
    [group, single] = candidate.skills
    assert [(text.value, text.pointer) for text in group.keywords] == [("Python, C++", "/skills/0/details")]
    assert single.name
    assert "missing_skills" not in {warning.code for warning in candidate.warnings}


def test_sections_under_several_names_are_all_read() -> None:
    sections = {
        "awards": [{"title": "A"}],
        "selected_honors": [{"bullet": "B"}],
        "patents": [{"number": "C"}],
        "invited_talks": [{"reversed_number": "D", "event": "E"}],
    }
    candidate = read_candidate({"cv": {"sections": sections}})
    assert [award.name.value for award in candidate.awards] == ["A", "B"]
    assert [(patent.name.value, patent.name.pointer) for patent in candidate.patents] == [
        ("C", "/cv/sections/patents/0/number")
    ]
    assert [talk.issuer.value for talk in candidate.talks if talk.issuer] == ["E"]
    assert "unknown_fields" not in {warning.code for warning in candidate.warnings}


def test_french_names_however_they_are_spelt() -> None:
    candidate = read_candidate(
        {
            "nom": "Durand",
            "Prénom": "Karim",
            "titre": "Développeur",
            "resume": "Depuis 2015.",
            "ville": "Nantes",
            "Expériences": [
                {"poste": "Dév", "entreprise": "A", "date_debut": "2019-03", "Date fin": "présent", "missions": ["x"]},
                {"titre": "Dév", "societe": "B", "debut": "09/2015", "fin": "02/2019"},
            ],
            "formations": [{"diplome": "Master", "etablissement": "C", "annee": "2015", "mention": "Bien"}],
            "compétences": ["Java"],
            "langues": [{"langue": "Anglais", "niveau": "B2"}],
        }
    )
    assert {warning.code for warning in candidate.warnings} == set()
    assert [text.value for text in (candidate.given_name, candidate.name, candidate.label, candidate.city) if text] == [
        *("Karim", "Durand", "Développeur", "Nantes")
    ]
    assert candidate.summary
    first, second = candidate.work
    assert first.start
    assert first.start.pointer == "/Expériences/0/date_debut"
    assert first.end
    assert first.end.date.precision == "present"
    assert [text.value for text in (first.title, first.employer, second.title, second.employer) if text] == [
        *("Dév", "A", "Dév", "B")
    ]
    [studies] = candidate.education
    assert [text.value for text in (studies.degree, studies.institution, *studies.grades) if text] == [
        *("Master", "C", "Bien")
    ]
    assert studies.end
    assert studies.end.date.year == 2015


def test_what_stands_beside_a_summary_is_kept() -> None:
    both = {"name": "A", "summary": "S", "description": "D"}
    candidate = read_candidate({"work": [both, {"name": "B", "description": "D"}], "projects": [both]})
    [first, second], [project] = candidate.work, candidate.projects
    assert [text.value for text in (first.summary, first.description, second.summary) if text] == ["S", "D", "D"]
    assert [text.value for text in (project.description, project.summary) if text] == ["D", "S"]


def test_education_as_one_object_and_languages_as_strings() -> None:
    candidate = read_candidate({"education": {"institution": "MIT"}, "languages": ["Français (natif)"]})
    assert candidate.education[0].institution
    assert candidate.education[0].institution.pointer == "/education/institution"
    assert candidate.languages[0].name.value == "Français (natif)"


def test_positions_nested_under_an_employer() -> None:
    source = {"work": [{"name": "Acme", "positions": [{"title": "Lead"}, {"title": "Developer"}]}]}
    positions = read_candidate(source).work
    assert [position.title.value for position in positions if position.title] == ["Lead", "Developer"]
    assert {position.employer.pointer for position in positions if position.employer} == {"/work/0/name"}


def test_a_range_in_one_date_field() -> None:
    [position] = read_candidate({"experiences": [{"role": "Dev", "date": "Mars 2023 - Aujourd'hui"}]}).work
    assert position.start
    assert position.end
    assert (position.start.date.year, position.start.pointer) == (2023, "/experiences/0/date")
    assert position.end.date.precision == "present"


@pytest.mark.parametrize("wrapper", ["content", "cv", "resume"])
def test_sections_below_one_key(wrapper: str) -> None:
    candidate = read_candidate({wrapper: {"basics": {"name": "A"}, "work": [{"name": "Acme"}]}})
    assert candidate.name
    assert candidate.name.pointer == f"/{wrapper}/basics/name"
    assert candidate.work[0].pointer == f"/{wrapper}/work/0"


def test_an_empty_resume_says_what_is_missing() -> None:
    missing = {f"missing_{field}" for field in ("name", "label", "work", "education", "skills", "languages")}
    assert codes({}) == missing
    blank = {"basics": {"name": ""}, "work": [{"company": "", "highlights": [""]}], "skills": [{"name": " "}]}
    assert codes(blank) == missing


def test_what_cannot_be_read_is_left_out_with_a_warning() -> None:
    source = {"work": ["a line", {"name": {"first": "x"}, "startDate": "2020-13"}], "languages": [True]}
    warned = {(warning.code, warning.pointer) for warning in read_candidate(source).warnings}
    assert {
        ("wrong_shape", "/work/0"),
        ("wrong_shape", "/work/1/name"),
        ("date_impossible", "/work/1/startDate"),
        ("wrong_shape", "/languages/0"),
    } <= warned


def test_unknown_fields_are_named_once_but_never_quoted_when_they_could_be_data() -> None:
    source = {"shoeSize": 43, "Jane Doe, born 1990": True, "name": "A", "hobbies": []}
    [warning] = [warning for warning in read_candidate(source).warnings if warning.code == "unknown_fields"]
    assert "shoeSize" in warning.message
    assert "1 more" in warning.message
    assert "Jane" not in warning.message
    assert "hobbies" not in warning.message


def test_unknown_sections_below_a_key_and_unknown_fields_of_entries_are_named() -> None:
    source = {
        "basics": {"name": "A", "shoeSize": 43, "url": "https://example.com"},
        "work": [{"name": "B", "grading": "C4"}, {"name": "D", "Jane Doe": 1, "url": "https://example.com"}],
        "cv": {"sections": {"hobbies": ["x"], "awards": [{"title": "E"}]}},
    }
    warned = {
        warning.pointer: warning.message for warning in read_candidate(source).warnings if "unknown" in warning.code
    }
    assert warned == {
        "/basics": "These fields are not read: shoeSize.",
        "/cv/sections": "These fields are not read: hobbies.",
        "/work": "These fields of its entries are not read: grading, 1 more.",
    }


def test_an_endless_list_is_cut_with_a_warning() -> None:
    candidate = read_candidate({"skills": ["Go"] * 600})
    assert len(candidate.skills) == 500
    assert "too_many_entries" in {warning.code for warning in candidate.warnings}


def test_pointers_follow_rfc_6901() -> None:
    document = {"a/b": {"m~n": [10, 20]}, "": 1}
    assert resolve(document, "") is document
    assert resolve(document, f"/{escape('a/b')}/{escape('m~n')}/1") == 20
    assert resolve(document, "/") == 1
    for nowhere in ("a", "/x", "/a~1b/m~0n/01", "/a~1b/m~0n/-", "/a~1b/m~0n/9", "/a~1b/m~0n/0/0"):
        with pytest.raises(LookupError):
            resolve(document, nowhere)


def test_no_warning_quotes_the_candidate() -> None:
    secret = "Zyxwv"  # in every field, whatever its shape
    source = {
        "basics": {"name": [secret], "label": {secret: secret}},
        "work": [secret, {"startDate": secret, "endDate": f"{secret} 2020", "highlights": [[secret]]}],
        "education": [{"startDate": [secret]}],
        "languages": [[secret]],
        f"{secret} {secret}": 1,
    }
    warnings = read_candidate(source).warnings
    assert warnings
    assert not [warning for warning in warnings if secret in warning.message]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["basics", "work", "skills", "education", "languages", "cv"]), json_values))
def test_any_json_object_is_read(source: dict[str, Any]) -> None:
    candidate = read_candidate(source)
    assert len(candidate.warnings) <= MAX_WARNINGS + 6
