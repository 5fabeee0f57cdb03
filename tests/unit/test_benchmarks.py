"""The benchmarks as a reader relies on them: each says what it is held against, the report what was measured."""

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.ledger import Ledger
from benchmarks.load import Refused, percentile, send_all
from benchmarks.peers import node
from benchmarks.scenario import OURS, Scenario, at_least, at_most
from benchmarks.scenarios import MODULES, SCENARIOS
from benchmarks.systems import CANDIDATE, STAGES
from enrichment.enrichers.base import Task
from enrichment.enrichers.rules import RulesEnricher
from enrichment.models import JobType

MACHINE = {
    "date": "2026-11-24T03:00:00+00:00", "commit": "abc1234", "processor": "Any", "cores": 2, "memoryGb": 24,
    "system": "Linux 6", "quick": False, "minutes": 9.8, "versions": {"python": "3.11"},
}  # fmt: skip


async def _nothing(_: object) -> None:
    return


@pytest.fixture
def scenario() -> Scenario:
    goals = (at_least("jobs/s", 0.9, of="limit"), at_most("p50", 3, of="peer"), at_most("memory", 120))
    return Scenario(name="some", question="How fast?", peer="a peer", goals=goals, run=_nothing)


@pytest.fixture
def ledger() -> Ledger:
    taken = Ledger()
    for value in (45, 50, 47):
        taken.add("some", "jobs/s", "jobs/s", OURS, value)
    taken.add("some", "jobs/s", "jobs/s", "limit", 50)
    taken.add("some", "p50", "ms", OURS, 14)
    taken.add("some", "p50", "ms", "peer", 4)
    return taken


def test_each_file_of_a_scenario_is_run_and_named_after_it() -> None:
    files = {path.stem for path in Path(MODULES[0].__file__ or "").parent.glob("*.py")} - {"__init__"}

    assert {scenario.name for scenario in SCENARIOS} == files


@pytest.mark.parametrize("declared", SCENARIOS, ids=lambda declared: declared.name)
def test_each_scenario_says_what_it_asks_and_what_it_is_held_against(declared: Scenario) -> None:
    assert declared.question.endswith("?")
    assert declared.peer
    assert declared.goals or declared.peer.startswith("none")


def test_the_report_has_each_figure_with_its_spread_and_our_share_of_it(scenario: Scenario, ledger: Ledger) -> None:
    text = report.as_markdown(MACHINE, [scenario], ledger)

    assert "| jobs/s | enrichment | 47 jobs/s | 45–50 |  |" in text
    assert "| jobs/s | limit | 50 jobs/s | one run | 0.94 |" in text


def test_the_report_says_of_each_goal_whether_it_was_met(scenario: Scenario, ledger: Ledger) -> None:
    text = report.as_markdown(MACHINE, [scenario], ledger)

    assert "| some | jobs/s | ≥ 0.9 × limit | 0.94 | met |" in text
    assert "| some | p50 | ≤ 3 × peer | 3.5 | **missed** |" in text
    assert "| some | memory | ≤ 120 | not measured |  |" in text


def test_the_report_says_when_others_were_at_work(scenario: Scenario, ledger: Ledger) -> None:
    ledger.hear("some", 0.4)

    assert "- Other processes have used up to 40% of the machine meanwhile." in report.as_markdown(
        MACHINE, [scenario], ledger
    )


def test_programs_read_the_same(scenario: Scenario, ledger: Ledger) -> None:
    told = json.loads(json.dumps(report.as_json(MACHINE, [scenario], ledger)))

    figures = told["scenarios"][0]["figures"]
    assert [(figure["who"], figure["median"], figure["ratio"]) for figure in figures[:2]] == [
        (OURS, 47, None),
        ("limit", 50, 0.94),
    ]
    assert [goal["met"] for goal in told["scenarios"][0]["goals"]] == [True, False, None]


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], 0.5) == 3.0
    assert percentile([1.0, 2.0], 0.99) == 2.0


async def test_the_generator_counts_successes_only() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line == b"\r\n":
                writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Refused, match="503: busy"):
            await send_all(f"http://127.0.0.1:{port}", [b"GET / HTTP/1.1\r\n\r\n"], 1)


async def test_a_rehearsal_pauses_as_often_as_the_peers_are_told() -> None:
    stages = []

    async def report_stage(percentage: int, stage: str, message: str) -> None:
        stages.append(stage)

    await RulesEnricher().enrich(Task(JobType.SKILLS_OPTIMIZATION, CANDIDATE, date(2026, 1, 1)), report_stage)

    assert len(stages) == STAGES


def test_the_lock_of_nodes_packages_names_no_address() -> None:
    assert "://" not in (node.SOURCES / "package-lock.json").read_text()
