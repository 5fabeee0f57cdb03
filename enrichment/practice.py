"""What candidates say themselves of a skill: for how many years they practise it, and how well they know it."""

import re
from dataclasses import dataclass

from enrichment.results import Level
from enrichment.taxonomy import fold

_LEVELS = {
    Level.BEGINNER: "beginner novice basic basics elementary junior debutant debutante notions",
    Level.INTERMEDIATE: "intermediate intermediaire",
    Level.ADVANCED: "advanced proficient experienced senior avance avancee confirme confirmee",
    Level.EXPERT: "expert experte master",
}
_LEVEL_OF = {word: level for level, words in _LEVELS.items() for word in words.split()}
_NUMBER = re.compile(r"\s*(\d{1,2}+(?:[.,]\d{1,2}+)?+)(?!\d|\s?\+?\s?(?:months?|mois)\b)\s?(\+?)", re.IGNORECASE)
_YEARS = re.compile(
    rf"{_NUMBER.pattern}\s?(?:years?|yrs?|ans?|années?)"
    r"(?: (?:of experience|of practice|experience|d['’]expérience|de pratique))?",
    re.IGNORECASE,
)
_LEVEL = re.compile(r"(?:(?:level|niveau):? )?([^\W\d_]+)(?: level)?", re.IGNORECASE)
_SAID_OF = re.compile(r"(.{1,60}?)(?:\s*\(([^()]{1,60})\)|(?:\s+[-–—]|\s*:)\s+(\S.{1,60}))")
_BETWEEN = re.compile(r"\s*(?:[;/·]|,(?!\d))\s*|\s+[-–—]\s+")


@dataclass(frozen=True, slots=True)
class Practice:
    """A skill as listed, and what is said of it there: `Python (8 years)`, `dbt – advanced`; `years` as written."""

    name: str
    years: str | None = None
    level: str | None = None


def read(written: str) -> Practice:
    """What is said after the name, where all of it is years and a level; else the whole is the name."""
    match = _SAID_OF.fullmatch(written)
    parts = [part.strip() for part in _BETWEEN.split(match[2] or match[3])] if match else []
    years = [part for part in parts if _YEARS.fullmatch(part)]
    levels = [part for part in parts if level_in(part)]
    if match is None or len(years) + len(levels) < len(parts):
        return Practice(written)
    return Practice(match[1], years[0] if years else None, levels[0] if levels else None)


def years_in(text: str) -> float | None:
    """Years as a candidate states them: `5`, `5.5`, `5 years`, `5+`."""
    match = _NUMBER.match(text)
    return float(match[1].replace(",", ".")) if match else None


def level_in(text: str) -> Level | None:
    """The level that a text is the word for, in English or French: `Senior`, `niveau confirmé`."""
    match = _LEVEL.fullmatch(text.strip())
    return _LEVEL_OF.get(fold(match[1])) if match else None


def spoken(years: str, language: str) -> str:
    """Years as stated, in a document's language: `5+ years`, `10 ans`."""
    match = _NUMBER.match(years)
    if match is None:
        return years
    unit = "an" if language == "fr" else "year"
    return f"{match[1]}{match[2]} {unit}{'' if match[1] == '1' else 's'}"
