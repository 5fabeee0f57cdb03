"""A package that lists its modules lists them all."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("activities", "api", "benchmarks", "enrichment", "worker", "workflows")
MAPS = {
    init.parent: listed
    for package in PACKAGES
    for init in sorted((ROOT / package).rglob("__init__.py"))
    if (listed := re.findall(r"^- `.*", init.read_text(), re.MULTILINE))
}


def modules(package: Path) -> set[str]:
    files = {file.stem for file in package.glob("*.py") if not file.stem.startswith("__")}
    return files | {init.parent.name for init in package.glob("*/__init__.py")}


@pytest.mark.parametrize("package", MAPS, ids=lambda package: package.relative_to(ROOT).as_posix())
def test_each_module_is_on_the_map(package: Path) -> None:
    named = {name for line in MAPS[package] for name in re.findall(r"`([a-z_]+)`", line)}
    assert modules(package) <= named
