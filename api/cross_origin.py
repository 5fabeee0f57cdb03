"""Which other sites' pages may call what, told to browsers."""

from collections.abc import Awaitable

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import is_codec
from enrichment.settings import Settings

_ASKED = ("Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "Last-Event-ID")
_SHOWN = (
    *("Location", "Idempotent-Replayed", "Retry-After"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
)


class CrossOrigin:
    """Those in the settings may call the API, with a key but never with the page's cookie.

    Temporal's Web UI may have its payloads decrypted, with that cookie and nothing else.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app: ASGIApp = app
        self._codec: ASGIApp = app
        if settings.cors_origins:
            self._app = CORSMiddleware(
                app,
                allow_origins=settings.cors_origins,
                allow_methods=("GET", "POST", "DELETE"),
                allow_headers=_ASKED,
                expose_headers=_SHOWN,
                max_age=600,
            )
        if settings.temporal_ui_origin:
            self._codec = CORSMiddleware(
                app,
                allow_origins=[settings.temporal_ui_origin],
                allow_credentials=True,
                allow_methods=("POST",),
                allow_headers=("Content-Type", "X-Namespace"),
            )

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        is_for_codec = scope["type"] == "http" and is_codec(scope["path"])
        return (self._codec if is_for_codec else self._app)(scope, receive, send)
