"""A document as a tagged PDF, set by Typst: the same bytes for the same document."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import typst

from enrichment.documents.content import Block, Document, Entry
from enrichment.models import JSON

_TEMPLATE = Path(__file__).with_name("competence_file.typ")


def render(document: Document) -> bytes:
    """Accessible PDF (PDF/UA-1) where the fonts within Typst have each character: Latin, Greek and Cyrillic.

    For other scripts the system's fonts are asked as well, and a character that nobody has is a blank.
    """
    try:
        return _compile(document, system_fonts=False, pdf_standards=["ua-1"])
    except typst.TypstError:
        return _compile(document, system_fonts=True)


def _compile(document: Document, *, system_fonts: bool, **how: Any) -> bytes:
    made: bytes = typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        font_paths=_fonts(system_fonts),
        sys_inputs={"document": json.dumps(_tagged(document))},
        timestamp=document.made_at,
        format="pdf",
        **how,
    )
    return made


@cache
def _fonts(system_fonts: bool) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=system_fonts)


def _tagged(document: Document) -> JSON:
    """The document as JSON in which each block says its form."""

    def tagged(block: Block) -> JSON:
        inner = {"blocks": [tagged(each) for each in block.blocks]} if isinstance(block, Entry) else {}
        return {"form": type(block).__name__.lower(), **asdict(block), **inner}

    sections = [{"title": each.title, "blocks": [tagged(block) for block in each.blocks]} for each in document.sections]
    return {
        "language": document.language,
        "kind": document.kind,
        "title": document.title,
        "subtitle": document.subtitle,
        "facts": asdict(document.facts) if document.facts else None,
        "sections": sections,
    }
