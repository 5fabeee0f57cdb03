"""A document as Markdown (CommonMark with tables).

Whatever the candidate wrote is text and nothing else: `escape` leaves it no way to open a heading, a list, a link, an
image, a code span or HTML.
"""

import re
from collections.abc import Iterator

from enrichment.documents.content import Block, Bullets, Document, Entry, Line, Table, plain

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~@]|&(?=#?\w{1,40};)|(?<=[A-Za-z]):(?=//)|(?<=[Ww]{3})\.")
_OPENING = re.compile(r"[-+=#:]|\d{1,9}(?=[.)])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}


def render(document: Document) -> bytes:
    """UTF-8, ending in a newline."""
    return ("\n\n".join(_blocks(document)) + "\n").encode()


def escape(text: str) -> str:
    """A text on one line that Markdown shows as it is, wherever on a line it stands."""
    escaped = _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], "\\" + match[0]), plain(text))
    opening = _OPENING.match(escaped)
    if opening is None:
        return escaped
    return f"{opening[0]}\\{escaped[opening.end() :]}" if opening[0].isdigit() else "\\" + escaped


def _blocks(document: Document) -> Iterator[str]:
    yield f"# {escape(document.title)}"
    if document.subtitle:
        yield f"**{escape(document.subtitle)}**"
    if document.facts:
        yield _table(document.facts)
    for section in document.sections:
        yield f"## {escape(section.title)}"
        for block in section.blocks:
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Line():
            yield _line(block)
        case Bullets(lines):
            yield "\n".join(f"- {_line(line)}" for line in lines)
        case Table():
            yield _table(block)
        case Entry(heading, when, blocks):
            if heading:
                yield f"### {escape(heading)}"
            if when:
                yield f"*{escape(when)}*"
            for inner in blocks:
                yield from _block(inner)


def _line(line: Line) -> str:
    lead = f"**{escape(line.lead)}**" if line.lead else ""
    if not lead:
        return escape(line.text)
    space = " " if line.text.startswith(" ") else ""
    return lead + space + escape(line.text)


def _table(table: Table) -> str:
    rows = [f"| **{escape(name)}** | {escape(text)} |" for name, text in table.rows]
    left, right = map(escape, table.head)
    return "\n".join([f"| {left} | {right} |".replace("|  |", "| |"), "|:--|:--|", *rows])
