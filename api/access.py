"""Who may call what. A route that the table below does not name lets nobody in.

A caller shows a key, as `Authorization: Bearer` or as `X-API-Key`, or the cookie of a session. Where no keys are
required, a caller who shows nothing is this machine itself and may do everything as the tenant `default`; what a
browser sends from another site is not this machine's wish and is refused.
"""

from enum import Enum
from typing import Annotated

from fastapi import Depends, Request

from api import header
from enrichment.access.keyring import Keyring
from enrichment.access.limits import RequestLimit
from enrichment.access.scopes import ALL, Principal, Scope
from enrichment.access.sessions import Sessions
from enrichment.errors import Conflict, Forbidden, Unauthorized
from enrichment.service import DEFAULT_TENANT
from enrichment.settings import Settings


class Open(Enum):
    """What a route asks of its caller, where it asks for no scope."""

    NOBODY_ASKED = "nobody is asked: it tells and changes nothing of a tenant"
    ANYBODY_KNOWN = "whoever shows a key"


Need = Scope | Open | dict[str, Scope]
"""What a call needs; where it depends on the parameter `action`, one need for each, the first by default."""

NEEDS: dict[str, Need] = {
    "POST /api/enrichment": Scope.SUBMIT,
    "POST /api/enrichment/bulk": Scope.SUBMIT,
    "GET /api/enrichment": Scope.READ,
    "DELETE /api/enrichment": {"cancel": Scope.CANCEL, "retry": Scope.SUBMIT},
    "GET /api/enrichment/jobs": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}": Scope.READ,
    "POST /api/enrichment/jobs/{jobId}/cancel": Scope.CANCEL,
    "POST /api/enrichment/jobs/{jobId}/retry": Scope.SUBMIT,
    "POST /api/enrichment/jobs/{jobId}/continue": Scope.SUBMIT,
    "GET /api/enrichment/jobs/{jobId}/children": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}/results": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}/failures": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}/history": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}/document": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}/events": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}/audit": Scope.READ,
    "GET /api/enrichment/jobs/{jobId}/usage": Scope.READ,
    "POST /api/enrichment/jobs/{jobId}/review": Scope.REVIEW,
    "GET /api/enrichment/jobs/{jobId}/input": Scope.READ,
    "POST /api/enrichment/jobs/actions": Open.ANYBODY_KNOWN,
    "GET /api/enrichment/jobs/actions/{actionId}": Scope.READ,
    "GET /api/candidates/{candidateId}/export": Scope.EXPORT,
    "DELETE /api/candidates/{candidateId}": Scope.ERASE,
    "GET /api/queue/dashboard": Scope.READ,
    "GET /api/queue/events": Scope.READ,
    "POST /api/queue/{queue}/pause": Scope.ADMIN,
    "POST /api/queue/{queue}/resume": Scope.ADMIN,
    "GET /metrics": Scope.READ,
    "POST /codec/decode": Scope.ADMIN,
    "POST /codec/encode": Scope.ADMIN,
    "GET /session": Open.ANYBODY_KNOWN,
    "POST /session": Open.NOBODY_ASKED,
    "DELETE /session": Open.NOBODY_ASKED,
    "GET /healthz": Open.NOBODY_ASKED,
    "GET /readyz": Open.NOBODY_ASKED,
    "GET /": Open.NOBODY_ASKED,
    "GET /jobs": Open.NOBODY_ASKED,
    "GET /jobs/{jobId}": Open.NOBODY_ASKED,
    "GET /new": Open.NOBODY_ASKED,
    "GET /docs": Open.NOBODY_ASKED,
    "GET /page/{version}/{name}": Open.NOBODY_ASKED,
    "GET /enrichment-progress.js": Open.NOBODY_ASKED,
}

COOKIE = "enrichment_session"
OWNER = Principal(DEFAULT_TENANT, ALL)
"""Who asks where no keys are required."""
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_SAFE_METHODS = ("GET", "HEAD")


class Gate:
    """Decides on each request. `keyring` and `sessions` are None where there is no pepper, and so no keys."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring | None,
        sessions: Sessions | None,
        limit: RequestLimit | None,
    ) -> None:
        self._are_keys_required = settings.api_keys_required
        self._hosts = {*_LOOPBACK, settings.api_host, *settings.allowed_hosts}
        self._origins = settings.cors_origins
        self._ui_origin = settings.temporal_ui_origin
        self._keyring = keyring
        self._sessions = sessions
        self._limit = limit

    async def admit(self, request: Request, route: str) -> Principal | None:
        """Who asks; None where nobody is asked. `route` is the path as the table of needs names it.

        Raises:
            Unauthorized: nobody that we know.
            Forbidden: somebody who may not do this, or a browser that does it for another site.
            RateLimited: somebody who has asked too often.
        """
        need = needed(request.method, route)
        if need is Open.NOBODY_ASKED:
            return None
        principal = await self._caller(request)
        if self._limit is not None:
            request.state.allowance = await self._limit.take(principal.key_id or principal.tenant)
            request.state.allowance.require()
        if isinstance(need, dict):
            need = need.get(request.query_params.get("action", ""), next(iter(need.values())))
        if isinstance(need, Scope):
            principal.require(need)
        elif need is None:
            raise Forbidden("Nobody may call this: it says of no scope that it suffices")
        return principal

    async def sign_in(self, request: Request, key: str) -> tuple[Principal, str]:
        """Who is behind the key, and the value of a cookie that stands for it.

        Raises:
            Unauthorized: the key is not valid.
            Forbidden: a page of another site asks.
            Conflict: there are no keys here.
        """
        self.refuse_other_sites(request)
        if self._keyring is None or self._sessions is None:
            raise Conflict("This API knows no keys, so there is nothing to sign in with")
        principal = await self._keyring.authenticate(key)
        assert principal.key_id is not None  # noqa: S101 it was shown just now
        return principal, self._sessions.issue(principal.key_id)

    def refuse_other_sites(self, request: Request, *, must_show_origin: bool = False) -> None:
        """Raises Forbidden where a browser acts for a page of another site; some browsers can be asked for proof."""
        fetched_from, origin = header.first(request, b"sec-fetch-site"), header.first(request, b"origin") or ""
        if origin in self._origins or (is_codec(request.scope["path"]) and origin == self._ui_origin):
            return
        own = header.first(request, b"host") or ""
        is_own = fetched_from == "same-origin" or (not fetched_from and origin in (f"http://{own}", f"https://{own}"))
        is_unknown = fetched_from in (None, "none") and not origin
        if not (is_own or (is_unknown and not must_show_origin)):
            raise Forbidden("This is a page of another site, which may not act here")

    async def _caller(self, request: Request) -> Principal:
        key = shown_key(request)
        if key is not None:
            if self._keyring is None:
                raise Unauthorized("This API knows no keys: ENRICHMENT_KEY_PEPPER is not set")
            return await self._keyring.authenticate(key)
        session = self._session(request)
        if session is not None and self._keyring is not None:
            if request.method not in _SAFE_METHODS:
                self.refuse_other_sites(request, must_show_origin=True)
            return await self._keyring.holder(session)
        if self._are_keys_required:
            raise Unauthorized("Show a key, as `Authorization: Bearer …` or as `X-API-Key: …`")
        self._refuse_other_names(request)
        if request.method not in _SAFE_METHODS:
            self.refuse_other_sites(request)
        return OWNER

    def _session(self, request: Request) -> str | None:
        """The id of the key that the cookie stands for."""
        if self._sessions is None:
            return None
        cookie = request.cookies.get(COOKIE)
        return self._sessions.read(cookie) if cookie else None

    def _refuse_other_names(self, request: Request) -> None:
        """A page of another site can have its name point here: to the browser it is then the same site."""
        if _without_port((header.first(request, b"host") or "").lower()) not in self._hosts:
            raise Forbidden("Without keys the API answers to names of this machine only; see ENRICHMENT_ALLOWED_HOSTS")


def is_codec(path: str) -> bool:
    """Whether this is for Temporal's Web UI, the one other site that may act with the cookie of a session."""
    return path.startswith("/codec/")


def needed(method: str, path: str) -> Need | None:
    """What the route needs; None where the table does not name it."""
    return NEEDS.get(f"{method} {path}")


def shown_key(request: Request) -> str | None:
    """The key that a request shows in its headers. Another scheme than Bearer is not for us."""
    scheme, _, token = (header.first(request, b"authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else header.first(request, b"x-api-key")


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host


async def enter(request: Request) -> Principal | None:
    """The dependency of every route."""
    gate: Gate = request.app.state.gate
    return await gate.admit(request, request.scope["route"].path_format)


Caller = Annotated[Principal | None, Depends(enter)]
