"""The competence file as Markdown: complete, in the reader's language, and safe whatever a candidate wrote."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from enrichment.documents import content
from enrichment.documents.markdown import escape, render
from enrichment.results import CompetenceFileResult
from tests.unit.rules import enrich

MADE_AT = datetime(2026, 11, 24, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples"
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def document(candidate: dict[str, Any], locale: str = "en") -> str:
    return render(content.document(enrich(CompetenceFileResult, candidate, locale), MADE_AT)).decode()


def tokens(markdown: str) -> list[Token]:
    return [inner for block in PARSER.parse(markdown) for inner in (block, *(block.children or ()))]


def shown(markdown: str) -> str:
    """The text that a reader of the rendered document sees."""
    return "".join(token.content for token in tokens(markdown) if token.type in {"text", "text_special"})


def headings(markdown: str) -> list[str]:
    parsed = PARSER.parse(markdown)
    return [after.content for before, after in pairwise(parsed) if before.type == "heading_open"]


def test_a_french_competence_file() -> None:
    markdown = document(json.loads((EXAMPLES / "amelie-martin.json").read_text(encoding="utf-8")), "fr-FR")
    assert [heading for heading in headings(markdown) if "·" not in heading] == [
        "Amélie Martin",
        *("Profil", "En bref", "Résultats chiffrés", "Compétences", "Expérience professionnelle"),
        *("Projets", "Qualité de l'air ouverte", "Formation", "Certifications", "Langues"),
    ]
    assert "| **Tarif journalier** | 650 EUR |" in markdown
    assert "*mars 2022 – aujourd’hui · 4 ans et 8 mois · Lyon*" in markdown
    assert "**Client :** Banque des Deux Rives" in markdown
    assert (
        "- Conception d'un entrepôt de données sur Snowflake, modélisé avec dbt et orchestré par Airflow\n" in markdown
    )


def test_an_english_competence_file() -> None:
    markdown = document(json.loads((EXAMPLES / "noor-haddad.json").read_text(encoding="utf-8")))
    assert "### Back-end Developer · Harbourline Logistics" in markdown
    assert "**Technical environment:** Go, gRPC, PostgreSQL, Apache Kafka, Kubernetes, Prometheus" in markdown
    assert "Etc" not in markdown


def test_an_empty_candidate_has_a_title_and_no_empty_sections() -> None:
    assert document({}) == "# Competence file\n"


ATTACKS = [
    "# Heading",
    "- list",
    "1. list",
    "> quote",
    "```code```",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![img](https://evil.example/x.png)",
    "<https://evil.example>",
    "&lt;b&gt; &copy;",
    "a | b | c",
    "**bold** _it_ ~~no~~ `code`",
    "\\",
    "\\*x\\*",
    "---",
    "===",
    "[ref]: https://evil.example",
    "line\n# Heading\n\n- item",
    "    indented code",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_candidate_writes_is_shown_and_does_nothing(attack: str) -> None:
    # `employer` and `certificates` are printed as they are: descriptions lose HTML and Markdown when they are tidied.
    plain, attacked = (
        document(
            {
                "basics": {"name": text, "label": text, "summary": text},
                "work": [
                    {"name": text, "position": text, "startDate": "2020-01", "highlights": [text], "client": text}
                ],
                "skills": [text],
                "certificates": [{"name": text, "issuer": text}],
            }
        )
        for text in ("plain text", attack)
    )
    harmless = {token.type for token in tokens(plain)} | {"text_special"}
    assert {token.type for token in tokens(attacked)} <= harmless
    assert len(headings(attacked)) <= len(headings(plain))


@pytest.mark.parametrize("attack", ATTACKS)
def test_escaped_text_reads_as_it_was_written(attack: str) -> None:
    assert shown(f"- {escape(attack)}") == " ".join(attack.split())
    assert shown(escape(attack)) == " ".join(attack.split())


def test_ordinary_text_stays_readable() -> None:
    for text in ("C# and C++ at R&D", "Coûts : -40 %", "Node.js (3 years)", "Let's go!"):
        assert escape(text) == text


def test_addresses_do_not_become_links() -> None:
    assert "https://" not in escape("see https://evil.example")
    assert "www." not in escape("see www.evil.example")
    assert "@" not in escape("write to a@evil.example")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_only_text(text: str) -> None:
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert {token.type for token in tokens(escape(text))} <= allowed
