"""Keys, scopes and sessions, and that every route says whom it lets in."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from api.__main__ import _reason_not_to
from api.access import NEEDS, needed
from api.app import create_app
from api.routes import ROUTERS
from enrichment.access import secret, sessions
from enrichment.access.scopes import Principal, Scope
from enrichment.access.sessions import Sessions
from enrichment.errors import Forbidden
from enrichment.settings import Settings, SettingsError

PEPPER = "9tYq-3vWmZ7nKc_2RfXb5LdHs8GpJe4Aua6"


def routes() -> set[str]:
    """Every route that there is, as the table of needs names it."""
    return {
        f"{method} {getattr(route, 'path_format', '')}"
        for router in ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", None) or ()
    }


def test_every_route_says_whom_it_lets_in() -> None:
    assert routes() == NEEDS.keys()


def test_every_call_of_the_document_says_which_keys_it_takes_and_how_it_refuses() -> None:
    document = create_app(Settings(_env_file=None)).openapi()
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            assert needed(method.upper(), path) is not None, f"{method} {path} says of no scope that it suffices"
            if call["security"]:
                assert {"401", "403", "429"} <= call["responses"].keys(), f"{method} {path}"
    assert set(document["components"]["securitySchemes"]) == {"bearer", "key", "session"}


def test_a_key_can_be_recognised_and_is_never_the_same() -> None:
    one, other = secret.generate(), secret.generate()
    assert re.fullmatch(r"enrich_[0-9a-f]{12}_[\w-]{43}", one.text)
    assert secret.id_of(one.text) == one.id
    assert one.text != other.text
    assert one.text not in repr(one)


@pytest.mark.parametrize("text", ["", "enrich_", "enrich_3f9a61c07b2e_short", "Bearer x", "é\0", "x" * 10_000])
def test_what_is_no_key_is_known_without_asking(text: str) -> None:
    assert secret.id_of(text) is None


def test_what_is_stored_depends_on_the_pepper_and_does_not_hold_the_key() -> None:
    key = secret.generate()
    stored = secret.digest(b"pepper one", key.text)
    assert len(stored) == 32
    assert stored != secret.digest(b"pepper two", key.text)
    assert key.text.encode() not in stored


@pytest.mark.parametrize("pepper", [None, "", "changeme", "x" * 64, "short-but-random-9tYq3vW"])
def test_a_pepper_that_can_be_guessed_is_refused(pepper: str | None) -> None:
    with pytest.raises(SettingsError, match="ENRICHMENT_KEY_PEPPER"):
        secret.pepper(Settings(_env_file=None, key_pepper=pepper and SecretStr(pepper)))


def test_a_scope_includes_no_other() -> None:
    administrator = Principal("acme", frozenset({Scope.ADMIN}))
    administrator.require(Scope.ADMIN)
    with pytest.raises(Forbidden, match="`read`"):
        administrator.require(Scope.READ)


def test_a_session_stands_for_its_key_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    issued = Sessions(PEPPER.encode()).issue("3f9a61c07b2e")
    assert Sessions(PEPPER.encode()).read(issued) == "3f9a61c07b2e"
    monkeypatch.setattr(sessions, "LIFETIME", timedelta(seconds=-1))
    assert Sessions(PEPPER.encode()).read(Sessions(PEPPER.encode()).issue("3f9a61c07b2e")) is None


def test_a_session_cannot_be_made_up() -> None:
    issued = Sessions(PEPPER.encode()).issue("3f9a61c07b2e")
    later = int((datetime.now(UTC) + timedelta(days=99)).timestamp())
    key_id, _, signature = issued.split(".")
    for made_up in (f"{key_id}.{later}.{signature}", f"000000000000.{issued[13:]}", issued[:-1], "", "..", "é"):
        assert Sessions(PEPPER.encode()).read(made_up) is None
    assert Sessions(b"another pepper").read(issued) is None


ANYWHERE = {"api_host": "0.0.0.0", "api_keys_required": True, "key_pepper": SecretStr(PEPPER)}  # noqa: S104
OWN_PASSWORD = SecretStr("postgresql://enrichment:6fQw2xNz9@db.example/enrichment")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"api_keys_required": False}, "ENRICHMENT_API_HOST is 0.0.0.0"),
        ({"key_pepper": None}, "ENRICHMENT_KEY_PEPPER is not set"),
        ({"key_pepper": SecretStr("changeme")}, "ENRICHMENT_KEY_PEPPER can be guessed"),
        ({"database_url": SecretStr("postgresql://enrichment@db.example/enrichment")}, "DATABASE_URL has no password"),
        ({"database_url": SecretStr("postgresql://x:postgres@db.example/enrichment")}, "DATABASE_URL has no password"),
        ({"database_url": OWN_PASSWORD}, None),
    ],
)
def test_the_api_does_not_start_open_or_guarded_by_a_default(changes: dict[str, object], reason: str | None) -> None:
    said = _reason_not_to(Settings(_env_file=None, **{**ANYWHERE, **changes}))  # type: ignore[arg-type]
    assert (said is None) if reason is None else (said is not None and reason in said)
