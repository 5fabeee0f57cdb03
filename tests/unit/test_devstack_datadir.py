"""The data directory: one stack at a time, secrets that stay, files nobody else reads."""

import json
import os
from pathlib import Path

import pytest

from enrichment.devstack.datadir import DataDirectory, write_private
from enrichment.devstack.errors import StackError


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_second_stack_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    first, second = DataDirectory(tmp_path / "d"), DataDirectory(tmp_path / "d")
    first.acquire()
    with pytest.raises(StackError, match=rf"in use by another stack \(process {os.getpid()}\)"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_it_is_created_private(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "new" / "d")
    directory.acquire()
    assert mode(directory.path) == 0o700
    directory.release()


def test_a_directory_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir(mode=0o755)
    directory = DataDirectory(tmp_path / "d")
    directory.acquire()
    assert mode(directory.path) == 0o755
    directory.release()


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    directory = DataDirectory(Path("d"))
    monkeypatch.chdir("/")
    assert directory.path == tmp_path / "d"


def test_an_unusable_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"file/d cannot be used: Not a directory"):
        DataDirectory(tmp_path / "file" / "d").acquire()


def test_secrets_are_kept_and_differ_between_directories(tmp_path: Path) -> None:
    secrets = DataDirectory(tmp_path).secrets
    assert DataDirectory(tmp_path).secrets == secrets
    assert mode(tmp_path / "secrets.json") == 0o600
    (tmp_path / "other").mkdir()
    others = DataDirectory(tmp_path / "other").secrets
    words = {*json.loads((tmp_path / "secrets.json").read_text()).values(), others.redis, others.postgres}
    assert len(words) == 5
    assert secrets.redis not in repr(secrets)


def test_a_private_file_replaces_a_public_one(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), mode(file)) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [file]
