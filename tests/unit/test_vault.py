"""What a candidate's key makes of what is stored, and what becomes of it without the key."""

import base64
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.aes import NotOpened
from enrichment.db import Database
from enrichment.settings import Settings, SettingsError, load
from enrichment.vault import sealing
from enrichment.vault.sealing import Key
from enrichment.vault.vault import Vault

KEY, OTHER = Key("019a-1", b"1" * 32), Key("019a-2", b"2" * 32)
MASTER = f"m1:{base64.b64encode(b'm' * 32).decode()}"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON) | st.lists(JSON))
def test_json_comes_back_as_it_was(value: Any) -> None:
    sealed = sealing.seal(KEY, value)
    assert sealing.key_id(sealed) == KEY.id
    assert sealing.unseal(KEY, sealed) == value


@given(st.binary())
def test_bytes_come_back_as_they_were(content: bytes) -> None:
    assert sealing.unseal(KEY, sealing.seal_bytes(KEY, content)) == content


def test_a_result_says_outside_only_what_is_counted_and_compared() -> None:
    result = {
        "provider": "rules",
        "usage": {"inputTokens": 1},
        "faithfulness": {"score": 1.0, "violations": ["Ada"]},
        "headline": {"value": "Ada"},
        "warnings": ["Ada"],
    }
    sealed = sealing.seal_result(KEY, result)
    assert {name: value for name, value in sealed.items() if name != "sealed"} == {
        "provider": "rules",
        "usage": {"inputTokens": 1},
        "faithfulness": {"score": 1.0},
    }
    assert "Ada" not in str(sealed)
    reused = sealed | {"usage": {"inputTokens": 0}}
    opened = sealing.whole(reused, sealing.unseal(KEY, sealing.inside(reused) or ""))
    assert opened == result | {"usage": {"inputTokens": 0}}, "what a statement changes outside, counts"


def test_the_same_is_sealed_differently_each_time_and_opened_by_its_key_alone() -> None:
    sealed = sealing.seal(KEY, {"a": 1})
    assert sealed != sealing.seal(KEY, {"a": 1})
    for key in (OTHER, Key(OTHER.id, KEY.material), Key(KEY.id, OTHER.material)):
        with pytest.raises(NotOpened):
            sealing.unseal(key, sealed)


@pytest.mark.parametrize("changed", ["", "!", "AAAA", f"{'A' * 40}"])
async def test_what_somebody_has_changed_is_nothing_and_spoils_nothing_beside_it(changed: str) -> None:
    vault = Vault({})
    vault._known[KEY.id] = KEY
    nowhere = cast(Database, None)  # all keys are known

    opened = await vault.open_all(nowhere, [f"{KEY.id}:{changed}", sealing.seal(KEY, {"a": 1})])

    assert opened == [(None, KEY), ({"a": 1}, KEY)]


def test_without_a_key_everything_stays_as_it_is() -> None:
    value = {"sealed": "019a-1:eA==", "name": "Ada"}
    assert sealing.seal(None, value) is value
    assert sealing.seal_result(None, value) is value
    assert sealing.seal_bytes(None, b"# Ada") == b"# Ada"
    assert sealing.mixed(None, "h") == "h"
    assert sealing.key_id(value) is None, "a candidate may have a field of that name"


def test_hashes_of_two_candidates_do_not_meet() -> None:
    assert sealing.mixed(KEY, "h") == sealing.mixed(KEY, "h") != sealing.mixed(OTHER, "h")


@pytest.mark.parametrize("written", [" ", "m1", "m1:c2hvcnQ=", f"{MASTER},{MASTER}", MASTER.replace("m1", "")])
def test_master_keys_that_cannot_be_read_are_refused(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "masters"
    file.write_text(written)
    for variable, value in (("ENRICHMENT_MASTER_KEYS", written), ("ENRICHMENT_MASTER_KEYS_FILE", str(file))):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            with pytest.raises(SettingsError, match=f"{variable}: is not usable") as refused:
                load()
        assert MASTER[3:] not in str(refused.value)


def test_master_keys_come_from_a_file_or_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Vault.of(Settings(_env_file=None)).is_sealing
    file = tmp_path / "masters"
    monkeypatch.setenv("ENRICHMENT_MASTER_KEYS_FILE", str(file))
    with pytest.raises(SettingsError, match="cannot be read"):
        load()
    file.write_text(f"{MASTER}\n")
    assert Vault.of(load()).is_sealing
    monkeypatch.setenv("ENRICHMENT_MASTER_KEYS", MASTER)
    with pytest.raises(SettingsError, match="use one of them"):
        load()
    monkeypatch.delenv("ENRICHMENT_MASTER_KEYS_FILE")
    assert Vault.of(load()).is_sealing
