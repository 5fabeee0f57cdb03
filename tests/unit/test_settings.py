"""The settings: what `.env.example` promises is what there is, and all that is wrong is said at once."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from enrichment import settings
from enrichment.settings import Settings, SettingsError

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_lists_every_setting_with_its_default() -> None:
    lines = (line.split("=", 1) for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#"))

    assert dict(lines) == {(f.alias or name).upper(): _written(f.default) for name, f in Settings.model_fields.items()}


def test_all_that_is_wrong_is_named_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_SLOTS_LOW", "0")
    monkeypatch.setenv("ENRICHMENT_QUEUES", "urgent")

    with pytest.raises(SettingsError) as error:
        settings.load()

    assert "ENRICHMENT_SLOTS_LOW" in str(error.value)
    assert "critical (20), high (10-15), normal (5-9), low (1-4)" in str(error.value)


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "")

    assert settings.load().temporal_api_key is None


def _written(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)
