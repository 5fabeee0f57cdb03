"""Cleans a candidate's texts without changing what they say, and finds the measured results in them.

Allowed are white space, bullets, formatting marks, HTML's entities, closing punctuation and the empty opening
"Responsible for". Nothing here chooses another word: "helped" stays "helped". Of each text the first 20,000 characters
are read.
"""

import html
import html.entities
import re

from enrichment.pointers import LONGEST_TEXT

_TAG = re.compile(r"</?(?:p|br|b|i|em|strong|u|ul|ol|li|div|span|h[1-6])\b[^<>]*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));")
"""Only with its semicolon, as nobody writes one by chance: `R&D`, and `&copy=` in an address, are none."""
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.{1,200}?)(?<=\S)\1")
_LINK = re.compile(r"\[([^\[\]]+)\]\((?:https?:|mailto:)[^()\s]*\)")
_MARKER = re.compile(r"\s*(?:[•▪◦‣●○■□►➢✓✔·]\s*|(?:[-–—*+]+|\d{1,2}\))\s+)")
_LINES = re.compile(
    r"[\r\n\v\f\u0085\u2028\u2029]+|</(?:p|ul|ol|li|div)>|<br\s*/?>|(?=<(?:p|ul|ol|li|div)\b)", re.IGNORECASE
)
_ITEM = re.compile(r"\s*<li\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MARKUP = re.compile(rf"[<*_\[&]|{_CONTROL.pattern}")
"""Whether there is anything to take out at all; most texts have nothing."""
_OPENING = re.compile(
    r"(?:Responsible for|In charge of) (?=[a-z]+ing\b)"
    r"|(?:Chargée?|En charge|Responsable) (?:de |d['’])(?=[a-zà-ÿ]+(?:er|ir)\b)"
)
"""Only before a verb: dropped before a noun ("Responsible for a team of 12"), the sentence would say something else."""
_SENTENCE = re.compile(r"(?<=[^\W\d][.!?])\s+(?=[^\W\d_])|(?<=[%)][.!?])\s+(?=[^\W\d_])|(?<=\d\.)\s+(?=[A-ZÀ-Ý])")
_ABBREVIATED = re.compile(
    r"(?:\b[A-Z]|\b(?:Inc|Ltd|Co|Corp|Dr|Mr|Mrs|Ms|St|vs|etc|e\.g|i\.e|ex|env))\.$", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"(?:etc|n/?a|tbd|todo|x{3,}|lorem ipsum.*|[-_.…]+"
    r"|(?:accomplishment|achievement|course|highlight|keyword|skill) ?#?\d+)\.?",
    re.IGNORECASE,
)

_NUMBER = r"(?:\d{1,3}(?:[ ,.\u00a0\u202f]\d{3}){1,4}|\d{1,12}(?:[.,]\d{1,6})?)"
_UNITS = (
    "users|customers|clients|people|engineers|developers|members|employees|managers|students|learners|"
    "participants|contributors|buyers|analysts|shops|tables|jobs|countries|cities|regions|sites|stores|branches|"
    "locations|municipalities|governments|teams|seats|hours|minutes|seconds|days|weeks|ms|requests|events|"
    "transactions|messages|records|invoices|tickets|orders|devices|projects|applications|apps|websites|services|"
    "microservices|servers|stars|downloads|views|patents|utilisateurs|personnes|développeurs|ingénieurs|"
    "collaborateurs|salariés|agents|étudiants|candidats|acheteurs|analystes|compteurs|traitements|pays|villes|"
    "magasins|agences|équipes|heures|secondes|jours|semaines|requêtes|commandes|factures|dossiers|projets|"
    "usuarios|clientes|personas|desarrolladores|horas|días|países|proyectos"
)
_WORDED = "two|three|four|five|six|seven|eight|nine|ten|deux|trois|quatre|cinq|sept|huit|neuf|dix"
_ANY_NUMBER = re.compile(rf"\d|{_WORDED}", re.IGNORECASE)
_FIGURE = re.compile(
    rf"[$€£]\s?{_NUMBER}\s?(?:[KkMB]\b|bn\b|million|billion)?\+?"
    rf"|{_NUMBER}\s?(?:k€|K€|M€|Md€|€|EUR\b|USD\b|CHF\b|£|\$)"
    rf"|\b(?:from|de) {_NUMBER}(?: ?%| [^\W\d_]{{1,20}})? (?:to|à) {_NUMBER}"
    rf"(?: ?%| (?:{_UNITS})\b)?"
    rf"|\b(?:team|équipe|equipo) (?:of|de) (?:{_NUMBER}|{_WORDED})\b|\b{_NUMBER}-(?:person|people|member|seat)\b"
    rf"|[<>~≈]?\s?{_NUMBER}\s?(?:%|percent\b|pour cent\b)"
    rf"|\b{_NUMBER}\s?[x×](?![\w])"
    rf"|\b(?:divi|multipl)\w{{1,12}} (?:by|par) (?:{_NUMBER}|{_WORDED})\b"
    rf"|\b(?:{_NUMBER}\s?[KkMB]?\+?|{_WORDED})(?: [^\W\d_][\w-]{{0,30}}){{0,2}}? (?:{_UNITS})\b"
    rf"|\b{_NUMBER}[KMB]\b\+?|\b\d{{1,3}}(?:[ ,\u00a0\u202f]\d{{3}}){{1,4}}\b\+?"
    rf"|\b{_NUMBER} (?:million|billion|milliard)s?\b",
    re.IGNORECASE,
)


def tidy(raw: str) -> str:
    """One line of text without bullets, control characters, HTML tags, Markdown bold and links; may be empty."""
    raw = raw[:LONGEST_TEXT]
    plain = _unmarked(raw) if _MARKUP.search(raw) else raw
    plain = " ".join(plain.split())
    marker = _MARKER.match(plain)
    return plain[marker.end() :] if marker else plain


def _unmarked(raw: str) -> str:
    """Entities come last: what they stand for is text, also where it looks like a tag."""
    return _CONTROL.sub(" ", _ENTITY.sub(_sign, _LINK.sub(r"\1", _BOLD.sub(r"\2", _TAG.sub(" ", raw)))))


def _sign(entity: re.Match[str]) -> str:
    """A name that HTML does not have stays as it is."""
    name = entity[1]
    return html.entities.html5.get(f"{name};", entity[0]) if name else html.unescape(entity[0])


def bullet(raw: str) -> str:
    """A line as a bullet point: tidy, without an empty opening and without its closing punctuation."""
    text = tidy(raw)
    opened = _OPENING.match(text)
    if opened:
        text = text[opened.end()].upper() + text[opened.end() + 1 :]
    text = text.rstrip(" ;,")
    one_sentence = text.endswith(".") and not text.endswith("..") and ". " not in text
    return text[:-1] if one_sentence and not _ABBREVIATED.search(text) else text


def passages(raw: str) -> tuple[tuple[str, bool], ...]:
    """The lines of a text, each with whether it was written as a bullet point."""
    lines = ((line, bool(_MARKER.match(line) or _ITEM.match(line))) for line in _LINES.split(raw[:LONGEST_TEXT]))
    cleaned = ((bullet(line) if marked else tidy(line), marked) for line, marked in lines)
    return tuple((text, marked) for text, marked in cleaned if text)


def sentences(raw: str) -> tuple[str, ...]:
    """The sentences of a text, each word for word."""
    found: list[str] = []
    for line, _ in passages(raw):
        continues = False
        for part in _SENTENCE.split(line):
            found.append(f"{found.pop()} {part}" if continues else part)
            continues = bool(_ABBREVIATED.search(part))
    return tuple(found)


def figures(text: str) -> tuple[str, ...]:
    """The measured results in a text: shares, sums, multiples, counts of something. Years and versions are none."""
    if not _ANY_NUMBER.search(text):
        return ()
    return tuple(dict.fromkeys(match[0].strip() for match in _FIGURE.finditer(text)))


def is_placeholder(text: str) -> bool:
    """Whether a text was left over from a template."""
    return bool(_PLACEHOLDER.fullmatch(text.strip()))
