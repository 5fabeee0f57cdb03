"""The report of a run: Markdown for people, JSON for programs. It is a pure function of what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.ledger import Figure, Ledger
from benchmarks.scenario import Goal, Scenario

GOALS = "| scenario | figure | goal | measured | |\n|---|---|---|---|---|"


def as_json(machine: Mapping[str, Any], scenarios: Sequence[Scenario], ledger: Ledger) -> dict[str, Any]:
    return {
        "machine": dict(machine),
        "scenarios": [
            {
                "name": scenario.name,
                "question": scenario.question,
                "peer": scenario.peer,
                "figures": [figure.as_json() | {"ratio": ledger.ratio(figure)} for figure in ledger.of(scenario.name)],
                "goals": [_goal_as_json(scenario, goal, ledger) for goal in scenario.goals],
                "notes": ledger.notes(scenario.name),
            }
            for scenario in scenarios
        ],
    }


def as_markdown(machine: Mapping[str, Any], scenarios: Sequence[Scenario], ledger: Ledger) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    where = f"{machine['cores']} cores ({machine['processor']}), {machine['memoryGb']} GB, {machine['system']}"
    how = f"{'Quick' if machine['quick'] else 'Full'} sizes, {machine['minutes']:.1f} minutes"
    head = (
        "# Benchmarks\n",
        f"{machine['date']}, commit {machine['commit']}, {where}. {versions}. {how}.\n",
        "## Goals\n",
        GOALS,
        *(_goal_row(scenario, goal, ledger) for scenario in scenarios for goal in scenario.goals),
        "\nIn what follows each figure is a median with its minimum and maximum. The ratio is ours over theirs.\n",
    )
    return "\n".join((*head, *(line for scenario in scenarios for line in _section(scenario, ledger))))


def _goal_row(scenario: Scenario, goal: Goal, ledger: Ledger) -> str:
    judged = ledger.judge(scenario.name, goal)
    measured, verdict = ("not measured", "") if judged is None else (_number(judged[0]), _verdict(judged[1]))
    return f"| {scenario.name} | {goal.figure} | {goal} | {measured} | {verdict} |"


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _section(scenario: Scenario, ledger: Ledger) -> Iterator[str]:
    yield f"## {scenario.name}\n\n{scenario.question} Beside it: {scenario.peer}.\n"
    figures = list(ledger.of(scenario.name))
    if figures:
        yield "| figure | who | median | min–max | ratio |\n|---|---|---|---|---|"
        yield from (_row(figure, ledger) for figure in figures)
        yield ""
    yield from (f"- {note}" for note in ledger.notes(scenario.name))
    yield ""


def _row(figure: Figure, ledger: Ledger) -> str:
    ratio = ledger.ratio(figure)
    spread = f"{_number(min(figure.samples))}–{_number(max(figure.samples))}" if len(figure.samples) > 1 else "one run"
    against = "" if ratio is None else f"{ratio:.2f}"
    return f"| {figure.name} | {figure.who} | {_number(figure.median)} {figure.unit} | {spread} | {against} |"


def _goal_as_json(scenario: Scenario, goal: Goal, ledger: Ledger) -> dict[str, Any]:
    value, is_met = ledger.judge(scenario.name, goal) or (None, None)
    return {"figure": goal.figure, "goal": str(goal), "measured": value, "met": is_met}


def _number(value: float) -> str:
    """Three digits that count, or all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
