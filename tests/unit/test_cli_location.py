"""Where the API is looked for, in which order."""

import json
from pathlib import Path

import pytest

from enrichment.cli import location
from enrichment.cli.errors import BadUsage


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ENRICHMENT_API_URL", "ENRICHMENT_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_the_default_is_the_port_of_the_api() -> None:
    assert location.find(None) == location.Location("http://127.0.0.1:8000", "the default")


def test_what_is_closer_to_the_user_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".enrich").mkdir()
    (tmp_path / ".enrich" / "stack.json").write_text(json.dumps({"api": "http://127.0.0.1:1001"}))
    assert location.find(None).url == "http://127.0.0.1:1001"
    (tmp_path / ".env").write_text("ENRICHMENT_API_URL=http://in-file:1002\n")
    assert location.find(None).url == "http://in-file:1002"
    monkeypatch.setenv("ENRICHMENT_API_URL", "http://in-environment:1003/")
    assert location.find(None).url == "http://in-environment:1003"
    assert location.find("https://given:1004") == location.Location("https://given:1004", "--api")


def test_the_stack_is_found_in_its_own_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"api": "http://127.0.0.1:1005"}))
    monkeypatch.setenv("ENRICHMENT_DATA_DIR", str(tmp_path))
    assert location.find(None) == location.Location("http://127.0.0.1:1005", str(tmp_path / "stack.json"))


def test_a_half_written_stack_file_is_no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.json").write_text('{"api": ')
    monkeypatch.setenv("ENRICHMENT_DATA_DIR", str(tmp_path))
    assert location.find(None).source == "the default"


def test_an_address_that_is_no_url_is_refused_with_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_API_URL", "localhost:8000")
    with pytest.raises(BadUsage, match=r"localhost:8000 \(from ENRICHMENT_API_URL\) is no URL of an API"):
        location.find(None)
