"""The page: three files, read at start and served from memory."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

_HOME = Path(__file__).parent.parent / "page"
_FILES = (
    ("/", "index.html", "text/html"),
    ("/page.css", "page.css", "text/css"),
    ("/page.js", "page.js", "text/javascript"),
)

router = APIRouter(include_in_schema=False)


def _serve(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    content = (_HOME / name).read_bytes()

    async def serve() -> Response:
        return Response(content, 200, {"Cache-Control": "no-cache"}, media_type)

    return serve


for path, name, media_type in _FILES:
    router.add_api_route(path, _serve(name, media_type), response_class=Response)
