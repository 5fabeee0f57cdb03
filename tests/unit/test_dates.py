"""Dates as candidates write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.dates import PROBLEMS, PartialDate, Precision, read, read_range


def parts(date: PartialDate) -> tuple[int | None, int | None, int | None]:
    return date.year, date.month, date.day


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2018", (2018, None, None)),
        ("2018-04", (2018, 4, None)),
        ("2018/4", (2018, 4, None)),
        ("04/2018", (2018, 4, None)),
        ("2018-04-05", (2018, 4, 5)),
        ("2018-04-05T09:30:00Z", (2018, 4, 5)),
        ("05.04.2018", (2018, 4, 5)),
        ("25/04/2018", (2018, 4, 25)),
        ("04/25/2018", (2018, 4, 25)),
        ("Sept. 2018", (2018, 9, None)),
        ("sep-2018", (2018, 9, None)),
        ("Jul 1, 2018", (2018, 7, 1)),
        ("1st of May 2018", (2018, 5, 1)),
        ("Janvier 2021", (2021, 1, None)),
        ("1er août 2020", (2020, 8, 1)),
        ("févr. 2022", (2022, 2, None)),
        ("3 de marzo de 2019", (2019, 3, 3)),
        ("outubro de 2019", (2019, 10, None)),
        ("21. März 2020", (2020, 3, 21)),
        ("2022年4月", (2022, 4, None)),
        ("２０２２年４月５日", (2022, 4, 5)),
    ],
)
def test_one_date(raw: str, expected: tuple[int | None, int | None, int | None]) -> None:
    reading = read(raw)
    assert parts(reading.date) == expected
    assert reading.problem is None
    assert reading.date.raw == raw


@pytest.mark.parametrize(
    "word",
    [
        *("present", "Current", "aujourd’hui", "à ce jour", "actualidad", "Atual", "heute", "至今", "(ongoing)"),
        *("Current position", "to date", "en cours", "poste actuel", "jusqu’à présent"),
    ],
)
def test_words_for_the_present(word: str) -> None:
    assert read(word).date.precision is Precision.PRESENT


@pytest.mark.parametrize(
    ("raw", "start", "end"),
    [
        ("Sept. 2018 - Juil. 2020", (2018, 9, None), (2020, 7, None)),
        ("Janvier 2021 – Février 2023", (2021, 1, None), (2023, 2, None)),
        ("2018-2020", (2018, None, None), (2020, None, None)),
        ("2018-04-2019-05", (2018, 4, None), (2019, 5, None)),
        ("04/2018 to 09/2019", (2018, 4, None), (2019, 9, None)),
        ("de enero de 2019 a marzo de 2020", (2019, 1, None), (2020, 3, None)),
        ("01/2014 - 12/2015 (2 ans)", (2014, 1, None), (2015, 12, None)),
        ("Jan 2019 – Mar 2020 · 1 yr 3 mos", (2019, 1, None), (2020, 3, None)),
        ("May–August 2010", (2010, 5, None), (2010, 8, None)),
        ("2012/2013", (2012, None, None), (2013, None, None)),
    ],
)
def test_a_range_in_one_string(
    raw: str, start: tuple[int | None, int | None, int | None], end: tuple[int | None, int | None, int | None]
) -> None:
    first, last = read_range(raw)
    assert parts(first.date) == start
    assert last is not None
    assert parts(last.date) == end


@pytest.mark.parametrize(
    ("raw", "year"),
    [
        ("Mars 2023 - Aujourd'hui", 2023),
        ("2023 – Atual", 2023),
        ("2023-07 至今", 2023),
        ("since 2019", 2019),
        ("depuis mars 2019", 2019),
        ("von 2019 bis heute", 2019),
        ("Sept. 2020 – jusqu'à aujourd'hui", 2020),
        ("2019 – ", 2019),
        ("09/2019-", 2019),
    ],
)
def test_a_range_that_is_still_open(raw: str, year: int) -> None:
    first, last = read_range(raw)
    assert first.date.year == year
    assert last is not None
    assert last.date.precision is Precision.PRESENT


@pytest.mark.parametrize("raw", ["2020-13", "2021-02-31", "2021-00", "31 juin 2020", "0999", "9999-01"])
def test_an_impossible_date_keeps_only_its_text(raw: str) -> None:
    reading = read(raw)
    assert reading.problem == "date_impossible"
    assert reading.date == PartialDate(raw=raw, precision=Precision.UNKNOWN)


def test_day_and_month_that_cannot_be_told_apart_are_not_guessed() -> None:
    reading = read("03/04/2021")
    assert parts(reading.date) == (2021, None, None)
    assert reading.problem == "date_ambiguous"


def test_only_the_year_is_taken_from_a_phrase() -> None:
    reading = read("Summer 2019")
    assert parts(reading.date) == (2019, None, None)
    assert reading.problem == "date_partly_read"


@pytest.mark.parametrize("raw", ["November–February 2010", "2020 (expected)"])
def test_a_range_is_not_guessed(raw: str) -> None:
    first, last = read_range(raw)
    assert (first.problem, last) == ("date_partly_read", None)


@pytest.mark.parametrize("raw", ["soon", "", "May", "12", "2014 and 2016 and 2018", "09/12 - 06/14"])
def test_what_is_no_date(raw: str) -> None:
    assert read(raw).problem == "date_not_read"


@given(st.dates())
def test_iso_dates_are_read_as_they_are(day: object) -> None:
    reading = read(str(day))
    if reading.problem is None:
        assert f"{reading.date.year:04}-{reading.date.month:02}-{reading.date.day:02}" == str(day)
    else:
        assert reading.problem == "date_impossible"  # before 1900 or after 2100


@given(st.text(max_size=120))
def test_any_text_is_read_without_fail(raw: str) -> None:
    for reading in read_range(raw):
        assert reading is None or reading.problem in {None, *PROBLEMS}
