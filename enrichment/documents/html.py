"""A document as one HTML page: no script, nothing loaded from elsewhere, and set for paper as well as for a screen."""

from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

from enrichment.documents.content import Block, Bullets, Document, Entry, Line, Table


def render(document: Document) -> bytes:
    """UTF-8. Each text says by itself in which direction it is read."""
    return "\n".join([*_page(document), ""]).encode()


def _page(document: Document) -> Iterator[str]:
    yield "<!doctype html>"
    yield f'<html lang="{document.language}">'
    yield '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(document.title)} – {escape(document.kind)}</title>"
    yield f"<style>{_style()}</style></head>"
    yield f'<body><main><header><p class="kind">{escape(document.kind)}</p>'
    yield f"<h1{_AUTO}>{escape(document.title)}</h1>"
    if document.subtitle:
        yield f'<p class="subtitle"{_AUTO}>{escape(document.subtitle)}</p>'
    if document.facts:
        yield _table(document.facts)
    yield "</header>"
    for section in document.sections:
        yield f"<section><h2>{escape(section.title)}</h2>"
        for block in section.blocks:
            yield from _block(block)
        yield "</section>"
    yield "</main></body></html>"


_AUTO = ' dir="auto"'


def _block(block: Block) -> Iterator[str]:
    match block:
        case Line():
            yield f"<p{_AUTO}>{_line(block)}</p>"
        case Bullets(lines):
            yield "<ul>" + "".join(f"<li{_AUTO}>{_line(line)}</li>" for line in lines) + "</ul>"
        case Table():
            yield _table(block)
        case Entry(heading, when, blocks):
            yield "<article>"
            if heading:
                yield f"<h3{_AUTO}>{escape(heading)}</h3>"
            if when:
                yield f'<p class="when">{escape(when)}</p>'
            for inner in blocks:
                yield from _block(inner)
            yield "</article>"


def _line(line: Line) -> str:
    return (f"<strong>{escape(line.lead)}</strong>" if line.lead else "") + escape(line.text)


def _table(table: Table) -> str:
    rows = (f'<tr><th scope="row">{escape(name)}</th><td{_AUTO}>{escape(text)}</td></tr>' for name, text in table.rows)
    return f"<table>{''.join(rows)}</table>"


@cache
def _style() -> str:
    return Path(__file__).with_name("competence_file.css").read_text(encoding="utf-8")
