"""Dates as people write them in résumés, read without guessing.

An own reader by tables, not `dateparser`: that library fills what is missing from today's date, so that the same résumé
would read otherwise tomorrow; it takes "Sept. 2018" for a day of that month; and it costs milliseconds per string.
"""

import calendar
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from enrichment.models import Model
from enrichment.pointers import as_text


class Precision(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    PRESENT = "present"
    UNKNOWN = "unknown"
    """Nothing could be read: only `raw` is known."""


class PartialDate(Model):
    """A date as far as it was written. `raw` is the candidate's own spelling."""

    raw: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    precision: Precision


@dataclass(frozen=True, slots=True)
class Reading:
    """A date and, where something is wrong with it, the warning's code (a key of `PROBLEMS`)."""

    date: PartialDate
    problem: str | None = None


PROBLEMS = {
    "date_not_read": "This date could not be read; it is kept as written.",
    "date_impossible": "There is no such day or month; the date is kept as written.",
    "date_ambiguous": "Day and month cannot be told apart in this date; only its year is used.",
    "date_partly_read": "Only the year of this date could be read.",
}

_MONTHS = (
    "jan january janv janvier ene enero janeiro januar jaenner janner",
    "feb february fev fevr fevrier febrero fevereiro februar",
    "mar march mars marzo marco maerz marz",
    "apr april avr avril abr abril",
    "may mai mayo maio",
    "jun june juin junio junho juni",
    "jul july juil juillet julio julho juli",
    "aug august aout ago agosto",
    "sep sept september septembre septiembre setiembre set setembro",
    "oct october octobre octubre okt oktober out outubro",
    "nov november novembre noviembre novembro",
    "dec december decembre dic diciembre dez dezember dezembro",
)
"""English, French, Spanish, Portuguese and German, without accents: no word means two months in two languages."""
_MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}

_PRESENT = frozenset(
    (
        *("present", "current", "currently", "now", "today", "ongoing", "to date", "till date", "date"),
        *("current position", "current job", "current role", "poste actuel", "emploi actuel", "puesto actual"),
        *(
            "aujourd'hui",
            "actuel",
            "actuelle",
            "actuellement",
            "en cours",
            "a ce jour",
            "ce jour",
            "en poste",
            "maintenant",
        ),
        *("actual", "actualidad", "la actualidad", "actualmente", "presente", "hoy", "en curso"),
        *("atual", "atualmente", "o presente", "o momento", "hoje"),
        *("heute", "aktuell", "jetzt", "laufend", "gegenwart"),
        *("至今", "现在", "目前", "今"),
    )
)
_SINCE = re.compile(r"(?:since|from|depuis|a partir de|desde|seit|ab|de|von) |自")

_YEAR, _ONE_OR_TWO = r"(?P<y>[0-9]{4})", r"[0-9]{1,2}"
_NAME, _ORDINAL = r"(?P<name>[a-z]{3,})\.?", r"(?:st|nd|rd|th|er|\.)?"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_YEAR}年?",
        rf"{_YEAR}[-/.](?P<m>{_ONE_OR_TWO})(?:[-/.](?P<d>{_ONE_OR_TWO})(?:[t ][0-9]{{2}}:.*)?)?",
        rf"{_YEAR} ?年 ?(?P<m>{_ONE_OR_TWO}) ?月(?: ?(?P<d>{_ONE_OR_TWO}) ?[日号])?",
        rf"(?P<m>{_ONE_OR_TWO})[-/. ]{{1,3}}{_YEAR}",
        rf"(?P<d>{_ONE_OR_TWO})\.(?P<m>{_ONE_OR_TWO})\.{_YEAR}",
        rf"(?P<either>{_ONE_OR_TWO})[/-](?P<other>{_ONE_OR_TWO})[/-]{_YEAR}",
        rf"(?:(?P<d>{_ONE_OR_TWO}){_ORDINAL} (?:de |of )?)?{_NAME}[ ,/-]*(?:de |del |of )?{_YEAR}",
        rf"{_NAME} (?P<d>{_ONE_OR_TWO}){_ORDINAL} ?,? ?{_YEAR}",
        rf"{_YEAR}[ ,/-]+{_NAME}(?:[ -](?P<d>{_ONE_OR_TWO}))?",
    )
)
_UNTIL = r"(?:to|until|till|au|a|jusqu'a|jusqu'au|hasta|al|ate|bis) "
_RANGE = re.compile(rf" {_UNTIL}| ?[-–—−~～] ?|(?<=^[0-9]{{4}}) ?/ ?(?=[0-9]{{4}}$)|至(?!今)| ?(?=至今)")
"""A slash stands between two years only: elsewhere it is part of a date."""
_OPEN = re.compile(r" ?[-–—−~～]$")
_LASTED = re.compile(
    r" ?[(\[·] ?[^()\[\]0-9]{0,3}[0-9][^()\[\]]*"
    r"(?<![a-z])(?:ans?|annees?|mois|y(?:ea)?rs?|mo(?:nth)?s?|anos?|mes(?:es)?|jahre?n?|monate?n?)\.?[)\]]?$"
)
"""How long it was, after the dates: `(2 ans)`, `· 1 yr 3 mos`. Anything else there could change what they say."""
_LONE_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_FIRST_YEAR, _LAST_YEAR, _LONGEST = 1900, 2100, 80


def read(raw: str) -> Reading:
    """One date. Never refuses: what cannot be read keeps `raw` alone, with the problem's code."""
    text = _fold(raw)
    return _read(raw, text) or Reading(PartialDate(raw=raw, precision=Precision.UNKNOWN), "date_not_read")


def read_range(raw: str) -> tuple[Reading, Reading | None]:
    """A date, or the two of a range in one string: `Sept. 2018 - Juil. 2020`, `2023-07 至今`, `since 2019`, `2019 –`.

    Both ends of a range keep the whole string as their `raw`.
    """
    text = _fold(raw)
    since = _SINCE.match(text) or _OPEN.search(text)
    text = text[: since.start()] + text[since.end() :] if since else text
    whole = _exactly(raw, text)
    if whole is not None:
        return whole, Reading(PartialDate(raw=raw, precision=Precision.PRESENT)) if since else None
    for cut in _RANGE.finditer(text):
        end = _exactly(raw, text[cut.end() :])
        start = _exactly(raw, text[: cut.start()]) or (
            _of_the_same_year(raw, text[: cut.start()], end) if end else None
        )
        if start is not None and end is not None and start.date.precision is not Precision.PRESENT:
            return start, end
    return read(raw), None


def _of_the_same_year(raw: str, name: str, end: Reading) -> Reading | None:
    """The start of `May–August 2010`. Of `November–February 2010` nobody has said which year it began in."""
    month = _MONTH.get(name.rstrip("."))
    year, last = end.date.year, end.date.month
    return _date(raw, year, month, None) if month and year and last and month <= last else None


def month_of(word: str) -> int | None:
    """The month, 1 to 12, that a word names in any of the five languages: lower case, without accents and full stop."""
    return _MONTH.get(word)


def written(value: object) -> str | None:
    """A date's text: of a string, of a number (a year), of an object `{year, month?, day?}`, of `"current": true`."""
    if value is True:
        return "present"
    if not isinstance(value, dict):
        return as_text(value)
    parts = [as_text(value.get(part)) for part in ("year", "month", "day")]
    return "-".join(part for part in parts if part) if parts[0] else None


def _fold(raw: str) -> str:
    """Lower case, no accents, single spaces, plain apostrophes; nothing of a text too long to be a date."""
    if len(raw) > _LONGEST:
        return ""
    text = unicodedata.normalize("NFKC", raw).casefold().replace("’", "'")
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _LASTED.sub("", " ".join(text.split())).strip(" ()[],;:")


def _read(raw: str, text: str) -> Reading | None:
    exact = _exactly(raw, text)
    if exact is not None:
        return exact
    years = set(_LONE_YEAR.findall(text))
    if len(years) == 1:
        return Reading(PartialDate(raw=raw, year=int(years.pop()), precision=Precision.YEAR), "date_partly_read")
    return None


def _exactly(raw: str, text: str) -> Reading | None:
    """`text` as a date in one of the known forms, also after `until`, or `None` if it has none of them."""
    text = text.strip(" ()[],;:")
    until = re.match(_UNTIL, text)
    text = text[until.end() :] if until and text not in _PRESENT else text
    if text in _PRESENT:
        return Reading(PartialDate(raw=raw, precision=Precision.PRESENT))
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match is not None and (reading := _from_parts(raw, match.groupdict())):
            return reading
    return None


def _from_parts(raw: str, parts: dict[str, str | None]) -> Reading | None:
    name = parts.get("name")
    if name is not None and name not in _MONTH:
        return None
    if either := parts.get("either"):
        return _day_and_month(raw, int(parts["y"] or 0), int(either), int(parts["other"] or 0))
    month = _MONTH[name] if name else _number(parts.get("m"))
    return _date(raw, int(parts["y"] or 0), month, _number(parts.get("d")))


def _day_and_month(raw: str, year: int, first: int, second: int) -> Reading:
    """`03/04/2021` is March in America and April in Europe; only a number over 12 tells which is the day."""
    if first > 12 or first == second:
        return _date(raw, year, second, first)
    if second > 12:
        return _date(raw, year, first, second)
    return Reading(PartialDate(raw=raw, year=year, precision=Precision.YEAR), "date_ambiguous")


def _date(raw: str, year: int, month: int | None, day: int | None) -> Reading:
    possible = _FIRST_YEAR <= year <= _LAST_YEAR and (month is None or 1 <= month <= 12)
    if possible and month is not None and day is not None:
        possible = 1 <= day <= calendar.monthrange(year, month)[1]
    if not possible:
        return Reading(PartialDate(raw=raw, precision=Precision.UNKNOWN), "date_impossible")
    precision = Precision.DAY if day else Precision.MONTH if month else Precision.YEAR
    return Reading(PartialDate(raw=raw, year=year, month=month, day=day, precision=precision))


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None
