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


def test_the_example_names_what_the_command_line_alone_reads() -> None:
    assert {"# ENRICHMENT_API_URL=http://127.0.0.1:8000", "# ENRICHMENT_API_KEY="} <= set(
        EXAMPLE.read_text().splitlines()
    )


def test_all_that_is_wrong_is_named_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_SLOTS_LOW", "0")
    monkeypatch.setenv("ENRICHMENT_RETENTION_DAYS", "10000000000")
    monkeypatch.setenv("ENRICHMENT_QUEUES", "urgent")

    with pytest.raises(SettingsError) as error:
        settings.load()

    assert "ENRICHMENT_SLOTS_LOW" in str(error.value)
    assert "ENRICHMENT_RETENTION_DAYS" in str(error.value)
    assert "critical (20), high (10-15), normal (5-9), low (1-4)" in str(error.value)


BAD = {
    "DATABASE_URL": ("foo", "mysql://u:canary@db/x", "postgresql://u:canary@db:x/y"),
    "REDIS_URL": ("localhost:6379", "http://:canary@redis", "redis://:canary@redis:x"),
    "TEMPORAL_ADDRESS": ("temporal", "temporal:", ":7233", "temporal:x", "temporal:70000", "http://temporal:7233"),
    "ENRICHMENT_MODEL": ("oracle", "openai:", ":gpt", "rules,openai:gpt", ","),
    "ENRICHMENT_MASTER_KEYS": ("canary", "m1:canary"),
    "ENRICHMENT_TEMPORAL_KEYS": ("canary", "t1:canary"),
}


def test_what_a_process_could_not_use_is_refused_at_its_start_all_of_it_and_no_secret_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for turn in range(max(map(len, BAD.values()))):
        for name, values in BAD.items():
            monkeypatch.setenv(name, values[turn % len(values)])
        with pytest.raises(SettingsError) as error:
            settings.load()
        said = str(error.value)
        assert {line.split(":")[0].strip() for line in said.splitlines()[1:]} == BAD.keys()
        assert "canary" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://u:p%40s#s@[::1]:5432/x?sslmode=require"),
        ("DATABASE_URL", "postgres:///x?host=/run/postgresql"),
        ("REDIS_URL", "rediss://redis.example"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("TEMPORAL_ADDRESS", "[::1]:7233"),
        ("ENRICHMENT_MODEL", "anthropic:claude, openai:org/model:tag"),
    ],
)
def test_what_can_be_used_is_taken_as_it_is_written(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    settings.load()


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
