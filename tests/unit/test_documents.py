"""A competence file in every format: all that the result says, the same each time, and a candidate's text as text."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import pytest
from pypdf import PdfReader

from enrichment.documents import formats
from enrichment.documents.content import Block, Bullets, Document, Entry, Line, Table, document, plain
from enrichment.documents.formats import Format
from enrichment.models import JSON
from enrichment.results import CompetenceFileResult
from tests.unit.rules import enrich

EXAMPLES = {path.stem: path for path in (Path(__file__).parents[2] / "examples").glob("*.json")}
MADE_AT = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)
TO_THE_SECOND = MADE_AT.replace(microsecond=0)

HOSTILE = {
    "basics": {
        "name": "<img src=x onerror=alert(1)>",
        "label": 'R&D "lead" </style><script>alert(2)</script>',
        "summary": '#eval(read("/etc/passwd")) $x^2$ *bold* @preview \u202egnp.exe\x00\x0b\ufffe {{ 7*7 }}',
    },
    "work": [
        {"name": "مهندس برمجيات", "position": "👩‍💻 Ingénieure", "startDate": "2020-01", "highlights": ["x" * 10_000]},
        {"name": "株式会社", "position": "L" * 3_000, "startDate": "2019", "summary": "<b>&amp;</b>"},
    ],
}


def result_of(candidate: JSON, locale: str = "en") -> JSON:
    return enrich(CompetenceFileResult, candidate, locale).model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "Python (8 years), SQL (5+ years)"), ("fr", "Python (8 ans), SQL (5+ ans)")]
)
def test_the_candidates_own_years_are_shown(locale: str, said: str) -> None:
    skills = ["Python (8 years)", {"name": "SQL", "years": "5+"}]
    work = [{"name": "A", "position": "B", "startDate": "2024-01", "endDate": "2024-12", "technologies": ["Python"]}]
    [practised] = [
        section
        for section in content_of(result_of({"skills": skills, "work": work}, locale)).sections
        if any(isinstance(block, Table) for block in section.blocks)
    ]
    [table] = [block for block in practised.blocks if isinstance(block, Table)]
    assert [row[1] for row in table.rows] == [said]


def content_of(result: JSON) -> Document:
    return document(CompetenceFileResult.model_validate(result), MADE_AT)


def said(content: Document) -> Iterator[str]:
    """Every text of the document."""

    def texts(block: Block) -> Iterator[str]:
        match block:
            case Line(lead, text):
                yield lead + text
            case Bullets(lines):
                yield from (line.lead + line.text for line in lines)
            case Entry(heading, when, blocks):
                yield from (heading, when)
                for inner in blocks:
                    yield from texts(inner)
            case table:
                yield from (cell for row in table.rows for cell in row)

    yield from (content.title, content.subtitle)
    for section in content.sections:
        yield section.title
        for block in section.blocks:
            yield from texts(block)


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read_html(content: bytes) -> str:
    return " ".join(_Page(content.decode()).texts)


def read_pdf(content: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def read_word(content: bytes) -> str:
    file = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    return " ".join([*(paragraph.text for paragraph in file.paragraphs), *cells])


READERS: dict[Format, Callable[[bytes], str]] = {Format.HTML: read_html, Format.PDF: read_pdf, Format.DOCX: read_word}


def letters(text: str) -> str:
    """What is left when lines are broken, words are hyphenated and ligatures are set."""
    return re.sub(r"[\W_]+", "", text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff"))


@pytest.mark.parametrize("format_", READERS)
@pytest.mark.parametrize(("example", "locale"), [("amelie-martin", "fr-FR"), ("noor-haddad", "en")])
def test_a_reader_finds_everything_that_the_result_says(example: str, locale: str, format_: Format) -> None:
    result = result_of(json.loads(EXAMPLES[example].read_text(encoding="utf-8")), locale)
    read = letters(READERS[format_](formats.render(result, format_, MADE_AT)))
    missing = [text for text in said(content_of(result)) if letters(text) not in read]
    assert missing == []


@pytest.mark.parametrize("format_", READERS)
def test_every_public_resume_has_every_document(resumes: dict[str, dict[str, Any]], format_: Format) -> None:
    assert resumes
    for name, resume in resumes.items():
        result = result_of(resume)
        read = READERS[format_](formats.render(result, format_, MADE_AT))
        assert letters(content_of(result).title)[:20] in letters(read), name


@pytest.mark.parametrize("format_", Format)
def test_the_same_result_gives_the_same_bytes(format_: Format) -> None:
    result = result_of(json.loads(EXAMPLES["amelie-martin"].read_text(encoding="utf-8")), "fr")
    assert formats.render(result, format_, MADE_AT) == formats.render(result, format_, MADE_AT)


@pytest.mark.parametrize("format_", READERS)
def test_what_a_candidate_writes_is_text_and_nothing_else(format_: Format) -> None:
    read = READERS[format_](formats.render(result_of(HOSTILE), format_, MADE_AT))
    for text in ("onerror", "R&D", "株式会社" if format_ is not Format.PDF else "", "@preview"):
        assert text in read


def test_a_page_has_only_the_tags_that_it_has_for_a_harmless_candidate() -> None:
    hostile, harmless = (
        _Page(formats.render(result_of(candidate), Format.HTML, MADE_AT).decode()).tags
        for candidate in (HOSTILE, json.loads(EXAMPLES["noor-haddad"].read_text(encoding="utf-8")))
    )
    assert hostile <= harmless
    assert not harmless & {"script", "img", "link", "iframe", "object", "a"}


def test_a_pdf_is_tagged_and_speaks_its_language() -> None:
    result = result_of(json.loads(EXAMPLES["amelie-martin"].read_text(encoding="utf-8")), "fr")
    pdf = PdfReader(io.BytesIO(formats.render(result, Format.PDF, MADE_AT)))
    assert str(pdf.root_object["/Lang"]) == "fr"
    assert "/StructTreeRoot" in pdf.root_object
    assert pdf.metadata is not None
    assert (pdf.metadata.title, pdf.metadata.creation_date) == ("Amélie Martin – Dossier de compétences", TO_THE_SECOND)
    assert 2 <= len(pdf.pages) <= 5


def test_a_word_file_is_dated_by_the_result_and_speaks_of_nobody_else() -> None:
    content = formats.render(result_of({"basics": {"name": "Ada Byron"}}), Format.DOCX, MADE_AT)
    properties = docx.Document(io.BytesIO(content)).core_properties
    assert (properties.title, properties.author, properties.comments) == ("Ada Byron – Competence file", "", "")
    assert properties.created == TO_THE_SECOND
    assert {part.date_time for part in zipfile.ZipFile(io.BytesIO(content)).infolist()} == {(2026, 11, 24, 9, 30, 0)}


def test_a_candidate_without_anything_has_a_title() -> None:
    for format_, reader in READERS.items():
        assert "Competence file" in reader(formats.render(result_of({}), format_, MADE_AT))


def test_plain_text_has_neither_lines_nor_what_nobody_sees() -> None:
    assert plain("a\x00b\u202ec\n\nd\ufeff  e") == "a b c d e"
