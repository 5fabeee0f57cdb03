"""Positions: dates, lengths, gaps, measured results, and bullet points that still say the same."""

from typing import Any

import pytest

from enrichment.enrichers.rules.texts import bullet, figures, sentences
from enrichment.results import ExperienceResult, PositionReview
from tests.unit.rules import enrich


def only(position: dict[str, Any], locale: str = "en") -> PositionReview:
    [found] = enrich(ExperienceResult, {"work": [position]}, locale).positions
    return found


def months(start: str, end: str | None) -> int | None:
    counted = only({"name": "A", "startDate": start, "endDate": end}).position.months
    return counted.value if counted else None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2020-01", "2020-03", 3),
        ("2020-01", "2020-01", 1),
        ("2013-12-01", "2014-12-01", 12),
        ("2016-06-01", "2018-12-31", 31),
        ("2015", "2018", 36),
        ("2018", "2018", None),
        ("Sept. 2018", "Juil. 2020", 23),
        ("2026-01", "present", 10),
        ("2026-01", None, 10),
        ("2026-01", "2031-01", 10),
        ("2020-05", "2020-01", None),
        ("2020-13", "2021-01", None),
        ("2027-01", "present", None),
    ],
)
def test_months_of_a_position(start: str, end: str | None, expected: int | None) -> None:
    assert months(start, end) == expected


def test_an_older_position_without_an_end_is_asked_about_and_not_counted() -> None:
    work = [{"name": "A", "startDate": "2020-01"}, {"name": "B", "startDate": "2010-01"}]
    result = enrich(ExperienceResult, {"work": work})
    assert [bool(review.position.months) for review in result.positions] == [True, False]
    assert "no_dates" in {question.code for question in result.positions[1].questions}
    assert ("end_missing", "/work/1") in {(warning.code, warning.pointer) for warning in result.warnings}


def test_gaps_and_overlaps() -> None:
    work = [
        {"name": "A", "startDate": "2018-01", "endDate": "2018-12"},
        {"name": "B", "startDate": "2018-07", "endDate": "2019-06"},
        {"name": "C", "startDate": "2020-01", "endDate": "2020-12"},
    ]
    result = enrich(ExperienceResult, {"work": work})
    assert result.total_months
    assert result.total_months.value == 30
    assert [(gap.value.start, gap.value.end, gap.value.months) for gap in result.gaps] == [("2019-07", "2019-12", 6)]
    assert result.gaps[0].evidence == ("/work/1/endDate", "/work/2/startDate")
    assert [(one.value.start, one.value.end) for one in result.overlaps] == [("2018-07", "2018-12")]
    assert result.questions[0].pointer == "/work/2/startDate"


@pytest.mark.parametrize(
    ("end", "start"),
    [("2020-01-01", "2020-02-01"), ("2020-01", "2020-03"), ("2019", "2020"), ("2014-04-06", "2014-04-13")],
)
def test_no_gap_where_dates_only_look_apart(end: str, start: str) -> None:
    work = [{"name": "A", "startDate": "2014", "endDate": end}, {"name": "B", "startDate": start}]
    assert enrich(ExperienceResult, {"work": work}).gaps == ()


def test_measured_results_are_quoted_word_for_word() -> None:
    highlights = ["Cut costs by 25% in 2020.", "Wrote documentation", "Served 10M+ users with Python 3"]
    found = only({"name": "A", "startDate": "2020-01", "highlights": highlights})
    assert [one.text.value for one in found.achievements] == [highlights[0], highlights[2]]
    assert [[figure.value for figure in one.figures] for one in found.achievements] == [["25%"], ["10M+ users"]]
    assert found.questions == ()


def test_a_position_without_a_result_is_asked_for_one_in_the_readers_language() -> None:
    [question] = [
        question
        for question in only({"name": "A", "startDate": "2020", "summary": "Java"}, "fr").questions
        if question.code == "no_result"
    ]
    assert question.pointer == "/work/0"
    assert question.text.startswith("Quel a été le résultat")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Raised $18M in 2021", ("$18M",)),
        ("Budget de 1,2 M€, équipe de 5", ("1,2 M€", "équipe de 5")),
        ("Réduction de 65 % du temps", ("65 %",)),
        ("Scaled the team from 3 to 28 across sites", ("from 3 to 28",)),
        ("4.2x faster", ("4.2x",)),
        ("Division par 3 du coût", ("Division par 3",)),
        ("Trained six engineers", ("six engineers",)),
        ("Used Java 8 and Python 3 since 2015", ()),
        ("Worked on ISO 27001 with ES6", ()),
    ],
)
def test_figures(text: str, expected: tuple[str, ...]) -> None:
    assert figures(text) == expected


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("  • Built   the API ; ", "Built the API"),
        ("- Responsible for managing releases.", "Managing releases"),
        ("Responsible for a team of 12", "Responsible for a team of 12"),
        ("Responsable de l'équipe support", "Responsable de l'équipe support"),
        ("Chargée de documenter les règles", "Documenter les règles"),
        ("Helped to ship it", "Helped to ship it"),
        ("Did this. Then that.", "Did this. Then that."),
        ("Joined Acme Inc.", "Joined Acme Inc."),
        ("**Led** the <b>move</b> to [Go](https://go.dev)", "Led the move to Go"),
        ("5 * 3 * 2 and a_b_c", "5 * 3 * 2 and a_b_c"),
        ("-40% costs", "-40% costs"),
        ("R&amp;D&nbsp;at AT&amp;T &#8211; <i>&eacute;t&eacute;</i>", "R&D at AT&T – été"),
        ("&nosuch; and ?a=1&copy=2", "&nosuch; and ?a=1&copy=2"),
    ],
)
def test_a_bullet_is_cleaned_and_never_reworded(raw: str, cleaned: str) -> None:
    assert bullet(raw) == cleaned
    assert bullet(cleaned) == cleaned


def test_sentences() -> None:
    text = "Worked for Acme Inc. in Paris. Saved 20%. Then left, e.g. for tea."
    assert sentences(text) == ("Worked for Acme Inc. in Paris.", "Saved 20%.", "Then left, e.g. for tea.")


def test_a_list_inside_the_summary_becomes_bullet_points() -> None:
    found = only({"name": "A", "startDate": "2020", "summary": "An intro.\n- one;\n- two"}).position
    assert [text.value for text in found.summary] == ["An intro."]
    assert [text.value for text in found.bullets] == ["one", "two"]


def test_what_an_entity_stands_for_is_text_and_no_tag() -> None:
    assert bullet("1 &lt;b&gt; 2") == "1 <b> 2"


def test_a_list_in_html_becomes_bullet_points() -> None:
    summary = "<p>Runs R&amp;D.</p>Duties:<ul><li>On call for 3 sites</li><li>Talks</ul><p>Since 2020.</p>"
    result = enrich(ExperienceResult, {"work": [{"name": "A", "startDate": "2020", "summary": summary}]})
    found = result.positions[0].position
    assert [text.value for text in found.summary] == ["Runs R&D.", "Duties:", "Since 2020."]
    assert [text.value for text in found.bullets] == ["On call for 3 sites", "Talks"]
    assert result.faithfulness.violations == ()


def test_left_overs_of_a_template_are_left_out_with_a_warning() -> None:
    result = enrich(ExperienceResult, {"work": [{"name": "A", "highlights": ["Accomplishment 2", "Etc.", "Shipped"]}]})
    assert [text.value for text in result.positions[0].position.bullets] == ["Shipped"]
    assert [warning.pointer for warning in result.warnings if warning.code == "placeholder_text"] == [
        "/work/0/highlights/0",
        "/work/0/highlights/1",
    ]
