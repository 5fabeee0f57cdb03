"""A document as DOCX, with the styles of Word itself so that whoever receives it can go on writing: the same bytes for
the same document.
"""

import io
import re
import zipfile
from datetime import datetime
from typing import cast

import docx
from docx.document import Document as Docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from enrichment.documents.content import Block, Bullets, Document, Entry, Line, Table

_INK, _QUIET, _ACCENT = RGBColor(0x1F, 0x29, 0x37), RGBColor(0x5B, 0x64, 0x72), RGBColor(0x0F, 0x4C, 0x5C)
_FONT = "Georgia"
_STYLES = {
    "Normal": (10.5, _INK, 0, 4),
    "Title": (25, _ACCENT, 0, 2),
    "Subtitle": (13, _QUIET, 0, 10),
    "Heading 1": (12.5, _ACCENT, 18, 6),
    "Heading 2": (11, _INK, 12, 0),
    "List Bullet": (10.5, _INK, 0, 2),
}
"""Size in points, colour, space before and after in points."""
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEFT_COLUMN, _RIGHT_COLUMN = Cm(4.6), Cm(12)


def render(document: Document) -> bytes:
    file = docx.Document()
    _dress(file, document)
    _add(file, document.kind, "Normal").runs[0].font.color.rgb = _QUIET
    _add(file, document.title, "Title")
    if document.subtitle:
        _add(file, document.subtitle, "Subtitle")
    if document.facts:
        _table(file, document.facts)
    for section in document.sections:
        _add(file, section.title, "Heading 1")
        for block in section.blocks:
            _block(file, block)
    return _packed(file, document.made_at)


def _block(file: Docx, block: Block) -> None:
    match block:
        case Line():
            _line(_add(file, "", "Normal"), block)
        case Bullets(lines):
            for line in lines:
                _line(_add(file, "", "List Bullet"), line)
        case Table():
            _table(file, block)
        case Entry(heading, when, blocks):
            if heading:
                _add(file, heading, "Heading 2")
            if when:
                said = _add(file, when, "Normal")
                said.paragraph_format.keep_with_next = True
                said.runs[0].italic, said.runs[0].font.color.rgb = True, _QUIET
            for inner in blocks:
                _block(file, inner)


def _add(file: Docx, text: str, style: str) -> Paragraph:
    return file.add_paragraph(_xml(text), style=style)


def _line(paragraph: Paragraph, line: Line) -> None:
    if line.lead:
        paragraph.add_run(_xml(line.lead)).bold = True
    paragraph.add_run(_xml(line.text))


def _table(file: Docx, table: Table) -> None:
    grid = file.add_table(rows=0, cols=2)
    grid.columns[0].width, grid.columns[1].width = _LEFT_COLUMN, _RIGHT_COLUMN
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.LEFT, False
    for name, text in table.rows:
        left, right = grid.add_row().cells
        left.width, right.width = _LEFT_COLUMN, _RIGHT_COLUMN
        run = left.paragraphs[0].add_run(_xml(name))
        run.bold, run.font.color.rgb = True, _ACCENT
        right.paragraphs[0].add_run(_xml(text))


def _dress(file: Docx, document: Document) -> None:
    """Sets page, styles and properties; those of the library's own template speak of the library."""
    page = file.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.2)
    page.top_margin = page.bottom_margin = Cm(2)
    for name, (size, colour, before, after) in _STYLES.items():
        style = cast(ParagraphStyle, file.styles[name])
        style.font.name, style.font.size, style.font.color.rgb, style.font.italic = _FONT, Pt(size), colour, False
        _undress(style)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    properties = file.core_properties
    properties.title, properties.language = _xml(f"{document.title} – {document.kind}")[:255], document.language
    properties.author = properties.comments = properties.last_modified_by = ""
    properties.created = properties.modified = document.made_at.replace(tzinfo=None)


def _undress(style: ParagraphStyle) -> None:
    """Takes away the theme's fonts, which would win over ours, and the line under titles."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in [name for name in fonts.attrib if name.endswith("Theme")]:
        del fonts.attrib[name]
    for border in style.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)


def _xml(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


def _packed(file: Docx, made_at: datetime) -> bytes:
    """The package with `made_at` as the time of each part; the library would take the clock's."""
    loose, packed = io.BytesIO(), io.BytesIO()
    file.save(loose)
    with zipfile.ZipFile(loose) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, made_at.timetuple()[:6]), source.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
