"""Dates and durations in words: in the two languages of our documents, and short ones for those who watch jobs."""

from enrichment.dates import PartialDate, Precision

LANGUAGES = ("en", "fr")
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
}
_UNITS = {
    "en": (("year", "years"), ("month", "months"), " "),
    "fr": (("an", "ans"), ("mois", "mois"), " et "),
}
_PRESENT = {"en": "present", "fr": "aujourd’hui"}


def language_of(locale: str) -> str:
    """The language of our own words for a BCP 47 tag: French for French, else English."""
    return "fr" if locale.replace("_", "-").split("-")[0].lower() == "fr" else "en"


def duration(months: int, language: str) -> str:
    """`2 years 3 months`, `2 ans et 3 mois`."""
    year, month, glue = _UNITS[language]
    years, rest = divmod(months, 12)
    parts = [_count(years, year)] if years else []
    parts += [_count(rest, month)] if rest or not years else []
    return glue.join(parts)


def full_years(months: int, language: str) -> str:
    """Completed years, never rounded up: `6 years` for 83 months; months below one year."""
    return duration(months - months % 12 if months >= 12 else months, language)


def day(date: PartialDate, language: str) -> str:
    """A date as a document shows it: `Mar 2021`, `mars 2021`, `2021`, `present`; as written if it could not be read."""
    if date.precision is Precision.PRESENT:
        return _PRESENT[language]
    if date.year is None:
        return date.raw
    return f"{_MONTHS[language][date.month - 1]} {date.year}" if date.month else str(date.year)


def present(language: str) -> str:
    return _PRESENT[language]


def _count(number: int, forms: tuple[str, str]) -> str:
    singular, plural = forms
    return f"{number} {singular if number == 1 else plural}"


def lasting(seconds: float) -> str:
    """`80 ms`, `2.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 0.95:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {smaller_unit}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"
