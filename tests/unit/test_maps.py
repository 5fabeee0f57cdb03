"""A package that lists its modules lists them all, and the page for operators all that they may meet."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from api import metrics
from enrichment import events
from enrichment.errors import BY_CODE
from enrichment.events import LogEvent
from enrichment.health import Health, State, Verdict
from enrichment.statistics import Stats

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


def test_operators_are_told_of_each_event_each_code_and_each_metric() -> None:
    health = Health(status=Verdict.HEALTHY, redis=State.UP, database=State.UP, temporal=State.UP, workers=0, queues={})
    stats = cast(Stats, SimpleNamespace(by_queue={}))
    scraped = metrics.render(CollectorRegistry(), health, stats).decode()
    met = {*re.findall(r"^# TYPE (\w+)", scraped, re.MULTILINE), *BY_CODE}
    met |= {event.name for event in vars(events).values() if isinstance(event, LogEvent)}

    told = re.findall(r"^\| `(\w+)", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)

    assert sorted(told) == sorted(met)
