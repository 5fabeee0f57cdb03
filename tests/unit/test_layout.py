"""The house: its rooms are where the design says, and the generic names load from here."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("enrichment", "workflows", "activities", "api", "worker")
TOP_LEVEL = {*PACKAGES, "tests", "docs", "examples"}


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_is_loaded_from_this_repository(name: str) -> None:
    module = importlib.import_module(name)

    assert module.__file__ is not None
    assert Path(module.__file__).parent == ROOT / name


def test_no_room_was_added_beside_those_of_the_design() -> None:
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}

    assert rooms <= TOP_LEVEL | {"benchmarks", "deploy", "build", "dist"}


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_are_nouns_of_the_domain(package: str) -> None:
    names = {path.stem for path in (ROOT / package).rglob("*.py")}

    assert names.isdisjoint({"utils", "util", "common", "helpers", "misc"})
