"""Candidates' files: what is accepted, and where the command line says that the fault is."""

import io
import sys
from pathlib import Path

import pytest

from enrichment.cli.errors import BadUsage
from enrichment.cli.files import read_candidate, read_candidates


def write(directory: Path, content: str | bytes, name: str = "ada.json") -> str:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_an_object_is_a_candidate_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    assert read_candidate(write(tmp_path, '{"basics": {"name": "Zoé"}}')) == {"basics": {"name": "Zoé"}}
    assert read_candidate(write(tmp_path, b'\xef\xbb\xbf{"basics": {}}')) == {"basics": {}}


def test_standard_input_is_a_file_named_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"skills": []}')))
    assert read_candidate("-") == {"skills": []}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{\n  "basics": {\n    "name": "Ada"\n    "label": "x"\n}}', ":4:5: is not JSON: Expecting ',' delimiter"),
        ("", ":1:1: is not JSON: Expecting value"),
        (b'{"name": "\xe9"}', ": is not UTF-8 text (byte 10)"),
        ("[{}]", ": holds an array, where a candidate (a JSON object) is expected"),
        ("null", ": holds null, where a candidate (a JSON object) is expected"),
        ('{"work": {"a": 1, "a": 2}}', ": is not usable JSON: an object has the key 'a' twice"),
        ('{"rate": NaN}', ": is not usable JSON: NaN is no JSON value"),
        ("[" * 100_000, ": is nested too deep"),
        ('{"rate": ' + "1" * 5_000 + "}", ": is not usable JSON: Exceeds the limit"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, content: str | bytes, complaint: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(BadUsage) as refusal:
        read_candidate(file)
    assert refusal.value.message.startswith(f"{file}{complaint}")
    assert refusal.value.exit_code == 2


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match=r"missing\.json: there is no such file"):
        read_candidate(str(tmp_path / "missing.json"))
    with pytest.raises(BadUsage, match="cannot be read: Is a directory"):
        read_candidate(str(tmp_path))


def test_a_bulk_takes_an_object_an_array_or_a_line_each(tmp_path: Path) -> None:
    assert list(read_candidates(write(tmp_path, '{"a": 1}'))) == [{"a": 1}]
    assert list(read_candidates(write(tmp_path, '[{"a": 1}, {"a": 2}]'))) == [{"a": 1}, {"a": 2}]
    lines = write(tmp_path, '{"a": 1}\n\n{"a": 2}\n', name="all.ndjson")
    assert list(read_candidates(lines)) == [{"a": 1}, {"a": 2}]


def test_a_bad_line_is_named_by_its_number(tmp_path: Path) -> None:
    file = write(tmp_path, '{"a": 1}\n{"a":\n', name="all.jsonl")
    with pytest.raises(BadUsage) as refusal:
        list(read_candidates(file))
    assert refusal.value.message.startswith(f"{file}:2:")


def test_lines_end_where_the_api_ends_them(tmp_path: Path) -> None:
    lines = write(tmp_path, '{"a": "one twothree"}\r\n\r\n[]', name="all.ndjson")
    candidates = read_candidates(lines)
    assert next(candidates) == {"a": "one twothree"}
    with pytest.raises(BadUsage, match=r"all\.ndjson:3: holds an array"):
        next(candidates)
