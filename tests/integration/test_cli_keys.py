"""`enrich keys`, as an operator uses it: a key is made, used, rotated and revoked."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from enrichment.access import keyring
from enrichment.settings import Settings
from tests.conftest import serving
from tests.integration.access import PEPPER, requiring_keys
from tests.integration.test_cli import CommandLine


@pytest.fixture
async def locked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(keyring, "FRESH_S", 0.0)
    async with serving(requiring_keys(settings)) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        yield client


async def test_the_life_of_a_key(locked: httpx.AsyncClient, settings: Settings, tmp_path: Path) -> None:
    enrich = CommandLine(str(locked.base_url), tmp_path)
    direct = {"DATABASE_URL": settings.database_url.get_secret_value(), "ENRICHMENT_KEY_PEPPER": PEPPER}

    made = await enrich(
        "keys", "create", "--tenant", "cli-keys", "--scopes", "read,submit", "--expires", "90d", env=direct
    )
    key = made.stdout.strip()
    assert (made.code, key.startswith("enrich_"), "cli-keys, submit,read, until 20" in made.stderr) == (0, True, True)
    assert (await enrich("stats")).code == 1, "without the key"
    assert (await enrich("stats", "--json", env={"ENRICHMENT_API_KEY": key})).code == 0

    key_id = key.split("_")[1]
    rotated = await enrich("keys", "rotate", key_id, "--overlap", "24h", "--json", env=direct)
    successor = json.loads(rotated.stdout)
    assert (successor["tenant"], successor["scopes"]) == ("cli-keys", ["submit", "read"])
    assert (await enrich("stats", env={"ENRICHMENT_API_KEY": successor["key"]})).code == 0

    revoked = await enrich("keys", "revoke", key_id, env=direct)
    assert (revoked.code, revoked.stdout) == (0, f"Revoked {key_id}\n")
    refused, listed, again = await asyncio.gather(
        enrich("stats", env={"ENRICHMENT_API_KEY": key}),
        enrich("keys", "list", env=direct),
        enrich("keys", "revoke", key_id, env=direct),
    )
    assert (refused.code, "A key is required" in refused.stderr, again.code) == (1, True, 1)
    states = {line[0]: line[2] for line in listed.lines}
    assert (states[key_id], states[successor["id"]]) == ("revoked", "valid")
    assert key not in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--scopes", "root"), "root is no scope: use submit, read, cancel, review, export, erase, admin"),
        (("--scopes", "read", "--expires", "soon"), "soon is no duration: write it as 90d, 24h or 30m"),
        (("--scopes", "read", "--tenant", "a b"), "A tenant is a word"),
        (("--scopes", "read"), "ENRICHMENT_KEY_PEPPER is not set"),
    ],
)
async def test_a_wrong_call_is_explained(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    enrich = CommandLine("http://127.0.0.1:9", tmp_path)
    answer = await enrich("keys", "create", "--tenant", "acme", *arguments)
    assert (answer.code, said in " ".join(answer.stderr.split())) == (2, True)
