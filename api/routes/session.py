"""`/session`: signing in to the page with a key, which the browser then forgets: the cookie stands for it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import answers
from api.access import COOKIE, Caller, Gate
from api.bodies import TheSignIn
from api.openapi import OF_BODY, SIGN_IN_BODY, problems
from api.parameters import Nothing
from enrichment.access.scopes import Principal, in_order
from enrichment.access.sessions import LIFETIME
from enrichment.hosts import is_loopback
from enrichment.settings import Settings

router = APIRouter(prefix="/session", tags=["session"])


@router.post(
    "",
    summary="Sign in with a key",
    response_model=answers.SessionView,
    responses=problems(401, 403, 409, *OF_BODY),
    openapi_extra=SIGN_IN_BODY,
)
async def sign_in(request: Request, body: TheSignIn, _: Nothing) -> Response:
    """Sets a cookie that no script reads and no other site sends. It ends after 12 hours, or with its key."""
    gate: Gate = request.app.state.gate
    principal, cookie = await gate.sign_in(request, body.key)
    answer = _view(principal)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_is_encrypted(request),
    )
    return answer


@router.get("", summary="Who am I", response_model=answers.SessionView, responses=problems())
async def who(caller: Caller, _: Nothing) -> Response:
    """The tenant and the scopes of whoever asks, by whatever key or session."""
    assert caller is not None  # noqa: S101 the route asks for somebody
    return _view(caller)


@router.delete("", status_code=204, summary="Sign out", responses=problems(403))
async def sign_out(request: Request, _: Nothing) -> Response:
    gate: Gate = request.app.state.gate
    gate.refuse_other_sites(request)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_is_encrypted(request))
    return answer


def _view(principal: Principal) -> Response:
    return answers.send(
        answers.SessionView(tenant=principal.tenant, scopes=tuple(in_order(principal.scopes)), key_id=principal.key_id)
    )


def _is_encrypted(request: Request) -> bool:
    """Whether the browser came by TLS. Beyond loopback a proxy in front of us ends it, and it has to be there."""
    settings: Settings = request.app.state.settings
    return not is_loopback(settings.api_host) or request.headers.get("x-forwarded-proto") == "https"
