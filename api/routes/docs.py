"""Swagger UI for the API's document, where `ENRICHMENT_DOCS` is set: its program comes from another server."""

import base64
import hashlib
import re

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

from api.routes.page import ICON
from enrichment.errors import NotFound

_PROGRAM = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.32.0/swagger-ui-bundle.js"
_STYLE = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.32.0/swagger-ui.css"
"""One version's files, and nothing else of a server from which anybody's program can be had."""
_PAGE = bytes(
    get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Enrichment jobs: API",
        swagger_js_url=_PROGRAM,
        swagger_css_url=_STYLE,
        swagger_favicon_url=ICON,
    ).body
)
_OWN_SCRIPTS = " ".join(
    f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
    for script in re.findall(rb"<script>(.*?)</script>", _PAGE, re.DOTALL)
)
_POLICY = (
    f"default-src 'none'; script-src {_PROGRAM} {_OWN_SCRIPTS}; style-src {_STYLE}; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    if not request.app.state.settings.docs:
        raise NotFound("There is no such address: set ENRICHMENT_DOCS for it")
    return Response(_PAGE, headers={"Content-Security-Policy": _POLICY}, media_type="text/html; charset=utf-8")
