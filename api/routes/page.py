"""The page: a shell at every address of its own, and the files that it loads. Read at start, served from memory.

The files live under a version made of their content, so that a browser keeps them for good and never has a stale one.
What travels is what a browser needs: comments and indentation stay here. The custom element goes as it is written, for
those who take a copy of it.
"""

import hashlib
import html
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Request
from rcssmin import cssmin
from rjsmin import jsmin
from starlette.responses import Response

from enrichment.errors import NotFound
from enrichment.settings import Settings

HOME = Path(__file__).parent.parent / "page"
ELEMENT = "enrichment-progress.js"
"""The custom element, which other sites load under an address that stays."""
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_LEAN = {".css": cssmin, ".js": jsmin}
_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"

IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    media_type: str

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:20]}"'


def _read() -> dict[str, File]:
    return {path.name: File(_lean(path).encode(), _TYPES[path.suffix]) for path in sorted(HOME.iterdir())}


def _lean(path: Path) -> str:
    text = path.read_text("utf-8")
    lean = None if path.name == ELEMENT else _LEAN.get(path.suffix)
    return text if lean is None else str(lean(text))


FILES = _read()
VERSION = hashlib.sha256(b"".join(file.content for file in FILES.values())).hexdigest()[:12]
ICON = f"/page/{VERSION}/icon.svg"
_SHELL = FILES["index.html"].content.decode().replace("{version}", VERSION)

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/jobs")
@router.get("/jobs/{jobId}")
@router.get("/new")
async def shell(request: Request, if_none_match: IfNoneMatch = None) -> Response:
    """The views read their own addresses: which of them is shown, and its filters."""
    written = _SHELL.replace("{temporal}", html.escape(_temporal(request.app.state.settings)))
    return _send(File(written.encode(), "text/html"), if_none_match, _ASK_FIRST)


@router.get("/page/{version}/{name}")
async def asset(version: str, name: str, if_none_match: IfNoneMatch = None) -> Response:
    if name not in FILES:
        raise NotFound("There is no such file")
    return _send(FILES[name], if_none_match, _FOR_GOOD if version == VERSION else _ASK_FIRST)


@router.get(f"/{ELEMENT}")
async def element(if_none_match: IfNoneMatch = None) -> Response:
    return _send(FILES[ELEMENT], if_none_match, _ASK_FIRST)


def _temporal(settings: Settings) -> str:
    """Where Temporal's Web UI shows our namespace; empty where it is not known."""
    home = settings.temporal_ui_url
    return "" if home is None else f"{home.rstrip('/')}/namespaces/{quote(settings.temporal_namespace)}"


def _send(file: File, known: str | None, cache: str) -> Response:
    headers = {"ETag": file.tag, "Cache-Control": cache}
    if known is not None and file.tag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.content, 200, headers, f"{file.media_type}; charset=utf-8")
