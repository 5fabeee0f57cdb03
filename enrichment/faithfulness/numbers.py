"""The numbers and dates that a text states, as values: `1,200`, `1 200` and `1.2k` are one number."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from enrichment.dates import month_of
from enrichment.faithfulness import currencies
from enrichment.faithfulness.words import Word

_NUMBER = re.compile(
    r"(?<!\w)(?<!\d[.,])(?P<digits>\d{1,3}(?:[ ,.'’\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:[.,](?P<decimals>\d{1,6})(?!\d))?"
    r"(?P<times>\s?(?:[kKM]|bn|Md|million|billion|milliard|thousand|mille)s?(?![^\W\d_]))?"
    r"(?P<share>\s?(?:%|percent\b|per cent\b|pour cent\b))?"
)
_SHARE = re.compile(r"\s?(?:percent|per cent|pour cent)\b")
_DASH = re.compile(r"\s?[-–—]\s?")
_UP_TO = re.compile(rf"{_DASH.pattern}|\s?(?:to|and|à|et)\s?")
"""Between two numbers whose unit is written once: `30-40 %`, `€30–40k`."""
_TIMES = {"k": 3, "thousand": 3, "mille": 3, "m": 6, "million": 6, "bn": 9, "billion": 9, "md": 9, "milliard": 9}
_NUMERIC_DATE = re.compile(
    r"(?<!\d)(?:(?P<y>(?:19|20)\d\d)[-/.](?P<m>0?[1-9]|1[0-2])(?:[-/.](?P<d>[0-3]?\d))?"
    r"|(?:(?P<d2>[0-3]?\d)[-/.])?(?P<m2>0?[1-9]|1[0-2])[-/.](?P<y2>(?:19|20)\d\d))(?!\d)"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORDS = (
    *("two deux twice", "three trois", "four quatre", "five cinq", "six", "seven sept", "eight huit", "nine neuf"),
    *("ten dix", "eleven onze", "twelve douze", "thirteen treize", "fourteen quatorze", "fifteen quinze"),
)
_WORDED = {
    **{word: number for number, words in enumerate(_WORDS, 2) for word in words.split()},
    "twenty": 20,
    "vingt": 20,
    "thirty": 30,
    "trente": 30,
    "forty": 40,
    "quarante": 40,
    "fifty": 50,
    "cinquante": 50,
    "hundred": 100,
    "cent": 100,
    "thousand": 1000,
    "mille": 1000,
}


class Number(NamedTuple):
    """`value` as digits without separators, `unit` is `%`, the code of a currency, or nothing."""

    value: float
    unit: str
    start: int
    end: int


class Day(NamedTuple):
    year: int
    month: int
    day: int | None
    start: int
    end: int


def days_in(text: str, words: Sequence[Word]) -> Iterator[Day]:
    """Dates of at least a month and a year."""
    for match in _NUMERIC_DATE.finditer(text):
        year, month, day = (match[name] or match[f"{name}2"] for name in "ymd")
        yield Day(int(year), int(month), int(day) if day else None, *match.span())
    for at, word in enumerate(words[:-1]):
        month_number = month_of(word.folded)
        if month_number is None:
            continue
        before, after, later = words[at - 1] if at else None, words[at + 1], words[min(at + 2, len(words) - 1)]
        if _YEAR.fullmatch(after.folded):
            named = before if before and before.folded.isdecimal() and int(before.folded) <= 31 else None
            day_number = int(named.folded) if named else None
            yield Day(int(after.folded), month_number, day_number, (named or word).start, after.end)
        elif after.folded.isdecimal() and len(after.folded) <= 2 and _YEAR.fullmatch(later.folded):
            yield Day(int(later.folded), month_number, int(after.folded), word.start, later.end)
        elif after.folded in {"de", "of", "del"} and _YEAR.fullmatch(later.folded):
            yield Day(int(later.folded), month_number, None, word.start, later.end)


def numbers_in(text: str, words: Sequence[Word]) -> Iterator[Number]:
    """Numbers in digits and in words. Those inside of a name (`EC2`, `S3`, `IPv6`) are part of that name."""
    found = list(_NUMBER.finditer(text))
    for match, unit in zip(found, _units(text, found), strict=True):
        whole = re.sub(r"\D", "", match["digits"])
        value = float(f"{whole[:18]}.{match['decimals'] or 0}")
        times = (match["times"] or "").strip()
        if times:
            value *= 10 ** _TIMES.get(times.lower().rstrip("s") if len(times) > 2 else times.lower(), 0)
        yield Number(value, unit, match.start("digits"), match.end())
    spans = [match.span() for match in found]
    for word in words:
        if word.folded in _WORDED and not any(start <= word.start < end for start, end in spans):
            share = _SHARE.match(text, word.end)
            spans += [share.span()] if share else []
            unit = "%" if share else currencies.beside(text, word.start, word.end)
            yield Number(float(_WORDED[word.folded]), unit, word.start, word.end)


def _units(text: str, found: Sequence[re.Match[str]]) -> list[str]:
    """The unit of each; of a range it may be written once, behind the second or before the first."""
    units = ["%" if one["share"] else currencies.beside(text, one.start("digits"), one.end()) for one in found]
    for at, (one, other) in enumerate(pairwise(found)):
        if _UP_TO.fullmatch(text, one.end(), other.start()):
            units[at] = units[at] or units[at + 1]
        if _DASH.fullmatch(text, one.end(), other.start()):
            units[at + 1] = units[at + 1] or units[at]
    return units
