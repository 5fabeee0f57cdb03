"""The currency of an amount: `€5M`, `5 M€`, `EUR 5 million` and `5 millions d'euros` name one, `$5M` another."""

import re

_NAMES = {
    "EUR": "€|EUR|euros?",
    "USD": r"US\$|\$US|\$|USD|(?:US )?dollars?",
    "GBP": "£|GBP|pounds sterling",
    "CHF": "CHF|francs? suisses?|Swiss francs?",
    "JPY": "¥|JPY|yens?",
    "INR": "₹|INR|rupees?|roupies?",
    "CAD": r"CA\$|C\$|\$CA",
    "AUD": r"AU\$|A\$|\$AU|AUD",
}
"""By code. Some are missing on purpose: a `livre` is a book, `pounds` are weighed, and `CAD` draws plans."""
_ANY = "|".join(f"(?P<{code}>{names})" for code, names in _NAMES.items())
_NAMED = re.compile(rf"(?<![^\W\d_])(?:{_ANY})(?![^\W\d_])", re.IGNORECASE)
_GAP = r"[ \u00a0\u202f]?"
_BEFORE = re.compile(rf"(?<!\w)(?:{_ANY}){_GAP}$", re.IGNORECASE)
_AFTER = re.compile(rf"{_GAP}(?:d['’]|de |of )?(?:{_ANY})(?![^\W\d_])", re.IGNORECASE)
_LONGEST = 16
"""Characters of a notation."""


def beside(text: str, start: int, end: int) -> str:
    """The code of the currency of the number at this place; nothing if it has none."""
    found = _BEFORE.search(text[max(start - _LONGEST, 0) : start]) or _AFTER.match(text, end)
    return found.lastgroup or "" if found else ""


def named_in(text: str) -> frozenset[str]:
    """The codes of all that a text names, but for those behind the letter of a number, as in `5 M€`."""
    return frozenset(match.lastgroup or "" for match in _NAMED.finditer(text))
