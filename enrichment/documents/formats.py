"""The formats that a competence file comes in. What writes one is loaded when it is first asked for."""

from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from enrichment.documents.content import document
from enrichment.errors import NotFound
from enrichment.models import JSON
from enrichment.results import CompetenceFileResult


class Format(StrEnum):
    """The name is also the file's extension."""

    DOCX = "docx"
    PDF = "pdf"
    HTML = "html"
    MD = "md"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.PDF: "application/pdf",
    Format.HTML: "text/html; charset=utf-8",
    Format.MD: "text/markdown; charset=utf-8",
}


def render(result: JSON, format_: Format, made_at: datetime) -> bytes:
    """The competence file of a saved result: the same bytes for the same arguments. 1 ms to 0.1 s of computation.

    Raises:
        NotFound: the result is none that a document can be made of; another version has saved it.
    """
    try:
        content = document(CompetenceFileResult.model_validate(result), made_at)
    except ValidationError:
        raise NotFound("The result is of another version: no document can be made of it") from None
    match format_:
        case Format.DOCX:
            from enrichment.documents import docx

            return docx.render(content)
        case Format.PDF:
            from enrichment.documents import pdf

            return pdf.render(content)
        case Format.HTML:
            from enrichment.documents import html

            return html.render(content)
        case Format.MD:
            from enrichment.documents import markdown

            return markdown.render(content)
