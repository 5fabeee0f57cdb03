"""Nobody gets in without a key, no key does more than it may, and no tenant sees another one's jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.access import NEEDS, Open
from api.app import create_app
from enrichment.access import keyring, keys, secret
from enrichment.access.scopes import ALL, Scope, in_order
from enrichment.db import Database
from enrichment.errors import Internal
from enrichment.settings import Settings
from tests.conftest import serving
from tests.integration.access import PEPPER, Shown, a_key, requiring_keys

JOB = {"type": "skills_optimization", "candidateData": {}, "runAt": "2999-01-01T00:00:00Z"}
UNKNOWN = "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55"
PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
async def locked(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An API that lets only keys in."""
    async with (
        serving(requiring_keys(settings).model_copy(update={"docs": True})) as url,
        httpx.AsyncClient(base_url=url, timeout=10) as client,
    ):
        yield client


@pytest.fixture(scope="module")
async def key(database: Database) -> Shown:
    """Of the tenant `acme`, for everything."""
    return await a_key(database)


# Keys


@pytest.mark.parametrize("header", ["Authorization: Bearer {}", "authorization: bearer {}", "X-API-Key: {}"])
async def test_a_key_lets_in_by_either_header(locked: httpx.AsyncClient, key: Shown, header: str) -> None:
    name, value = header.format(key.text).split(": ", 1)
    answer = await locked.get("/api/enrichment?action=stats", headers={name: value})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic eDp5"},
        {"X-API-Key": ""},
        {"X-API-Key": "enrich_000000000000_" + "x" * 43},
        {b"X-API-Key": "clé".encode()},
        {"Cookie": "enrichment_session=000000000000.9999999999.00"},
    ],
)
async def test_who_shows_no_key_is_told_how_to(locked: httpx.AsyncClient, headers: Any) -> None:
    answer = await locked.get("/api/enrichment?action=stats", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_secret_of_a_key_counts_and_not_its_id(locked: httpx.AsyncClient, key: Shown) -> None:
    guess = key.text[:-1] + ("A" if key.text[-1] != "A" else "B")
    answer = await locked.get("/api/enrichment?action=stats", headers={"X-API-Key": guess})
    assert answer.status_code == 401


async def test_a_revoked_key_is_refused_within_seconds(
    locked: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await a_key(database)
    assert (await locked.get("/session", headers=shown.header)).status_code == 200
    assert await keys.revoke(database, shown.id, "tests")
    assert (await locked.get("/session", headers=shown.header)).status_code == 200, "known a moment ago"
    monkeypatch.setattr(keyring, "FRESH_S", 0.0)
    assert (await locked.get("/session", headers=shown.header)).status_code == 401


async def test_a_rotated_key_and_its_successor_are_valid_together(
    locked: httpx.AsyncClient, database: Database
) -> None:
    former, new = await a_key(database, Scope.READ, tenant="rotating"), secret.generate()
    hashed = secret.digest(PEPPER.encode(), new.text)
    made = await keys.rotate(database, former.id, new, hashed, timedelta(hours=24), "tests")
    assert made is not None
    assert made.expires_at - made.created_at == timedelta(days=1), "as long as the one before"
    for shown in (former, Shown(new.id, new.text)):
        who = (await locked.get("/session", headers=shown.header)).json()
        assert who == {"tenant": "rotating", "scopes": ["read"], "keyId": shown.id}


async def test_a_key_rotated_without_overlap_ends_at_once(locked: httpx.AsyncClient, database: Database) -> None:
    former, new = await a_key(database), secret.generate()
    await keys.rotate(database, former.id, new, bytes(32), timedelta(), "tests")
    assert (await locked.get("/session", headers=former.header)).status_code == 401
    again = await keys.rotate(database, former.id, secret.generate(), bytes(32), timedelta(), "tests")
    assert again is None, "an ended key has no successor"


async def test_its_use_is_noted(locked: httpx.AsyncClient, database: Database) -> None:
    shown = await a_key(database)
    assert (await locked.get("/session", headers=shown.header)).status_code == 200
    async with asyncio.timeout(30):
        while (used := await keys.get(database, shown.id)) is None or used.last_used_at is None:
            await asyncio.sleep(0)


async def test_a_known_key_costs_no_statement(
    locked: httpx.AsyncClient, database: Database, key: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "FRESH_S", 60.0)
    read: list[str] = []
    real = keys.get

    async def counted(db: Database, key_id: str) -> keys.Key | None:
        read.append(key_id)
        return await real(db, key_id)

    monkeypatch.setattr(keys, "get", counted)
    shown = await a_key(database)
    await asyncio.gather(*(locked.get("/session", headers=shown.header) for _ in range(20)))
    assert read == [shown.id], "not even when twenty come at once"


async def test_each_act_on_a_key_is_recorded_for_good(database: Database) -> None:
    shown = await a_key(database)
    await keys.rotate(database, shown.id, secret.generate(), bytes(32), timedelta(hours=1), "ada")
    await keys.revoke(database, shown.id, "ben")
    rows = await database.execute(
        text("SELECT act, by FROM enrichment_key_event WHERE key_id = :id ORDER BY id"), {"id": shown.id}
    )
    assert [tuple(row) for row in rows] == [("created", "tests"), ("rotated", "ada"), ("revoked", "ben")]
    for change in ("UPDATE enrichment_key_event SET by = 'nobody'", "DELETE FROM enrichment_key_event"):
        with pytest.raises(Internal):
            await database.execute(text(change))


async def test_the_database_holds_no_key(database: Database) -> None:
    shown = await a_key(database)
    rows = await database.execute(text("SELECT to_jsonb(key) AS key FROM enrichment_key AS key"))
    assert shown.text.rpartition("_")[2] not in str(rows.all())


# Scopes and tenants, by every call of the document


CANDIDATE = "others-candidate"
UNKNOWNS = {"jobId": UNKNOWN, "actionId": UNKNOWN, "candidateId": "nobody", "queue": "low"}
"""An id for each parameter that names something. A queue is everybody's."""
BODIES = {
    "POST /api/enrichment/jobs/{jobId}/review": {"decision": "approve"},
    "POST /api/enrichment/jobs/actions": {"action": "cancel", "filter": {}},
}
HELD = ("/api/candidates/{candidateId}", "/api/candidates/{candidateId}/export")
"""What says of an unknown candidate that nothing is held, and not that there is no such candidate."""
DIFFERENT_EACH_TIME = {"erasureId", "erasedAt", "exportedAt", "candidateId"}


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the document that asks who calls. `address` has a place for each id in it."""

    name: str
    address: str
    ids: frozenset[str]
    scope: Scope | None
    """None: any key will do, or the body says which scope it takes."""

    @property
    def names_a_tenants(self) -> bool:
        return bool(self.ids - {"queue"})

    async def by(self, api: httpx.AsyncClient, ids: Mapping[str, str], header: Mapping[str, str]) -> httpx.Response:
        method, body = self.name.split()[0], BODIES.get(self.name)
        return await api.request(method, self.address.format_map(ids), headers=header, json=body)


def calls() -> Iterator[Call]:
    """Every one, so that a new route is among them without anybody's thinking of it."""
    for path, methods in create_app(Settings(_env_file=None)).openapi()["paths"].items():
        for method, call in methods.items():
            name = f"{method.upper()} {path}"
            need = NEEDS[name]
            if need is Open.NOBODY_ASKED:
                continue
            named = {parameter["name"]: parameter["in"] for parameter in call.get("parameters", ())}
            in_path = {id_ for id_, place in named.items() if place == "path"}
            assert in_path <= UNKNOWNS.keys(), f"{name}: say above what is an unknown one"
            query = "?jobId={jobId}" if named.get("jobId") == "query" else ""
            ids = frozenset(in_path | ({"jobId"} if query else set()))
            if isinstance(need, Mapping):
                for action, scope in need.items():
                    asked = "" if action == next(iter(need)) else f"&action={action}"
                    yield Call(name, f"{path}{query}{asked}", ids, scope)
            else:
                yield Call(name, f"{path}{query}", ids, need if isinstance(need, Scope) else None)


CALLS = tuple(calls())
HowShown = Callable[[Database, Call], Awaitable[Shown | None]]


async def _no_key(_: Database, __: Call) -> None:
    return None


async def _revoked(database: Database, _: Call) -> Shown:
    shown = await a_key(database)
    await keys.revoke(database, shown.id, "tests")
    return shown


async def _expired(database: Database, _: Call) -> Shown:
    return await a_key(database, lifetime=timedelta(seconds=-1))


async def _wrong_scope(database: Database, call: Call) -> Shown:
    return await a_key(database, *(ALL - {call.scope or Scope.CANCEL}))


async def _other_tenant(database: Database, _: Call) -> Shown:
    return await a_key(database, tenant="other")


CALLERS: dict[str, tuple[int, HowShown]] = {
    "no key": (401, _no_key),
    "a revoked key": (401, _revoked),
    "an expired key": (401, _expired),
    "a key without the scope": (403, _wrong_scope),
    "another tenant's key": (404, _other_tenant),
}


def cases() -> Iterator[Any]:
    for call in CALLS:
        for who, (status, how) in CALLERS.items():
            if status == 403 and call.scope is None and call.name not in BODIES:
                continue  # any key will do
            if status == 404 and not call.names_a_tenants:
                continue  # `test_overviews_show_ones_own_alone`
            expected = 200 if status == 404 and call.name.split()[1] in HELD else status
            yield pytest.param(call, expected, how, id=f"{call.name.split()[0]} {call.address} by {who}")


@pytest.fixture(scope="module")
async def others(locked: httpx.AsyncClient, key: Shown) -> dict[str, str]:
    """The ids of what another tenant has."""
    accepted = await locked.post("/api/enrichment", json=JOB | {"candidateId": CANDIDATE}, headers=key.header)
    body = {"action": "retry", "filter": {"candidateId": CANDIDATE}}
    action = await locked.post("/api/enrichment/jobs/actions", json=body, headers=key.header)
    assert (accepted.status_code, action.status_code) == (202, 202)
    ids = {"jobId": accepted.json()["jobId"], "actionId": action.json()["actionId"], "candidateId": CANDIDATE}
    return UNKNOWNS | ids


@pytest.mark.parametrize(("call", "status", "how"), [*cases()])
async def test_no_call_lets_in_who_may_not(
    locked: httpx.AsyncClient, database: Database, others: dict[str, str], call: Call, status: int, how: HowShown
) -> None:
    shown = await how(database, call)
    header = shown.header if shown else {}

    answer = await call.by(locked, others, header)

    assert answer.status_code == status, answer.text
    if status in (200, 404):
        unknown = await call.by(locked, UNKNOWNS, header)
        assert told(answer) == told(unknown)
        assert without_date(answer) == without_date(unknown)


def told(answer: httpx.Response) -> Any:
    """What it says: byte for byte, unless it tells the time."""
    if answer.status_code != 200:
        return answer.content
    return {name: value for name, value in answer.json().items() if name not in DIFFERENT_EACH_TIME}


def without_date(answer: httpx.Response) -> list[tuple[str, str]]:
    apart = {"date", "retry-after"} | ({"content-length"} if answer.status_code == 200 else set())
    return [(name, value) for name, value in answer.headers.multi_items() if name not in apart]


async def test_what_is_anothers_was_not_touched(locked: httpx.AsyncClient, key: Shown, others: dict[str, str]) -> None:
    job = (await locked.get(f"/api/enrichment/jobs/{others['jobId']}", headers=key.header)).json()
    assert (job["status"], job["run"], job["candidateId"]) == ("pending", 1, CANDIDATE)


async def test_overviews_show_ones_own_alone(
    locked: httpx.AsyncClient, database: Database, others: dict[str, str]
) -> None:
    stranger = await a_key(database, tenant="stranger")
    jobs = (await locked.get("/api/enrichment/jobs", headers=stranger.header)).json()
    dashboard = (await locked.get("/api/queue/dashboard", headers=stranger.header)).json()
    children = await locked.get(f"/api/enrichment/jobs?parentId={others['jobId']}", headers=stranger.header)
    stats = (await locked.get("/api/enrichment?action=stats", headers=stranger.header)).json()
    assert (jobs["jobs"], dashboard["jobs"], children.json()["jobs"], stats["total"]) == ([], [], [], 0)


async def test_a_key_of_idempotency_is_the_tenants_own(locked: httpx.AsyncClient, database: Database) -> None:
    ids = set()
    for tenant in ("north", "south"):
        shown = await a_key(database, Scope.SUBMIT, tenant=tenant)
        answer = await locked.post("/api/enrichment", json=JOB, headers=shown.header | {"Idempotency-Key": "order 1"})
        assert answer.status_code == 202
        ids.add(answer.json()["jobId"])
    assert len(ids) == 2


async def test_what_asks_nobody_answers_without_a_key(locked: httpx.AsyncClient) -> None:
    open_calls = [call.split() for call, need in NEEDS.items() if need is Open.NOBODY_ASKED]
    for method, path in open_calls:
        if method == "GET":
            address = path.format(jobId=UNKNOWN, version="any", name="page.css")
            assert (await locked.get(address)).status_code == 200, path


# The page's session


async def sign_in(api: httpx.AsyncClient, shown: Shown) -> dict[str, str]:
    answer = await api.post("/session", json={"key": shown.text}, headers=PAGE)
    assert answer.status_code == 200
    value = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(value.split("; "))
    api.cookies.clear()
    return {"Cookie": value.partition(";")[0]}


async def test_a_session_stands_for_its_key(locked: httpx.AsyncClient, database: Database) -> None:
    shown = await a_key(database, Scope.READ, Scope.SUBMIT, tenant="page")
    cookie = await sign_in(locked, shown)
    assert shown.text not in cookie["Cookie"]
    who = (await locked.get("/session", headers=cookie)).json()
    assert who == {"tenant": "page", "scopes": ["submit", "read"], "keyId": shown.id}
    accepted = await locked.post("/api/enrichment", json=JOB, headers=cookie | PAGE)
    assert accepted.status_code == 202
    steered = await locked.post(f"{accepted.json()['links']['self']}/cancel", headers=cookie | PAGE)
    assert (steered.status_code, steered.json()["code"]) == (403, "forbidden"), "the key has not this scope"
    signed_out = await locked.delete("/session", headers=cookie | PAGE)
    assert signed_out.status_code == 204
    assert 'enrichment_session=""' in signed_out.headers["set-cookie"]


async def test_a_session_follows_events(locked: httpx.AsyncClient, database: Database) -> None:
    cookie = await sign_in(locked, await a_key(database, tenant="page"))
    job = (await locked.post("/api/enrichment", json=JOB, headers=cookie | PAGE)).json()
    async with locked.stream("GET", job["links"]["events"], headers=cookie) as stream:
        assert stream.status_code == 200
        assert await anext(stream.aiter_lines()) == "retry: 1000"


async def test_a_session_ends_with_its_key(
    locked: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await a_key(database)
    cookie = await sign_in(locked, shown)
    await keys.revoke(database, shown.id, "tests")
    monkeypatch.setattr(keyring, "FRESH_S", 0.0)
    assert (await locked.get("/session", headers=cookie)).status_code == 401


@pytest.mark.parametrize(
    "origin",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_no_other_site_acts_with_a_session(
    locked: httpx.AsyncClient, database: Database, origin: dict[str, str]
) -> None:
    cookie = await sign_in(locked, await a_key(database, tenant="page"))
    answer = await locked.post("/api/enrichment", json=JOB, headers=cookie | origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_wrong_key_signs_nobody_in(locked: httpx.AsyncClient) -> None:
    answer = await locked.post("/session", json={"key": "enrich_000000000000_" + "x" * 43}, headers=PAGE)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


# This machine, where no keys are required


async def test_this_machine_may_do_everything(api: httpx.AsyncClient) -> None:
    who = (await api.get("/session")).json()
    assert who == {"tenant": "default", "scopes": list(map(str, in_order(ALL))), "keyId": None}
    assert (await api.post("/session", json={"key": "x"})).status_code == 409


async def test_a_key_that_cannot_be_checked_is_not_waved_through(api: httpx.AsyncClient) -> None:
    assert (await api.get("/session", headers={"X-API-Key": "enrich_x"})).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "0x7f.1", ""])
async def test_a_name_that_points_here_is_not_this_machine(api: httpx.AsyncClient, host: str) -> None:
    answer = await api.get("/api/enrichment?action=stats", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "[::1]:8000", "127.0.0.1"])
async def test_this_machine_has_several_names(api: httpx.AsyncClient, host: str) -> None:
    assert (await api.get("/api/enrichment?action=stats", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "origin", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
async def test_no_other_site_submits_by_a_visitors_browser(api: httpx.AsyncClient, origin: dict[str, str]) -> None:
    before = (await api.get("/api/enrichment?action=stats")).json()["total"]
    answer = await api.post("/api/enrichment", json=JOB, headers=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await api.get("/api/enrichment?action=stats")).json()["total"] == before


# Other sites' pages


async def test_only_the_sites_of_the_settings_may_call_from_their_pages(settings: Settings, key: Shown) -> None:
    trusting = requiring_keys(settings).model_copy(update={"cors_origins": ("https://ats.example",)})
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with serving(trusting) as url, httpx.AsyncClient(base_url=url) as client:
        known = await client.options("/api/enrichment", headers=asked | {"Origin": "https://ats.example"})
        assert (known.status_code, known.headers["access-control-allow-origin"]) == (200, "https://ats.example")
        for origin in ("https://ats.example.evil.example", "http://ats.example", "null"):
            unknown = await client.options("/api/enrichment", headers=asked | {"Origin": origin})
            assert "access-control-allow-origin" not in unknown.headers
        answer = await client.get("/session", headers=key.header | {"Origin": "https://ats.example"})
        assert answer.headers["access-control-allow-origin"] == "https://ats.example"
        assert "access-control-allow-credentials" not in answer.headers


async def test_by_default_no_other_site_may(locked: httpx.AsyncClient, key: Shown) -> None:
    answer = await locked.get("/session", headers=key.header | {"Origin": "https://ats.example"})
    assert not any(name.startswith("access-control") for name in answer.headers)
