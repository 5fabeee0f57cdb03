"""What matters most in a result, on less than a screen: one view per job type.

A result's statements are objects with a `value`; the evidence behind each is in the whole result.
"""

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from enrichment.cli.output import JSON
from enrichment.cli.prose import count
from enrichment.wording import duration

_SKILLS, _POSITIONS, _BULLETS, _QUESTIONS = 8, 2, 3, 3
"""At most so many are shown of each."""


def excerpt(result: JSON, type_: str) -> RenderableType:
    """The excerpt of a completed job's result."""
    return _EXCERPTS[type_](result)


def _skills(result: JSON) -> RenderableType:
    skills = result["skills"]
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("skill", style="bold")
    for name in ("years", "last used", "level", "written as"):
        table.add_column(name, justify="right" if name == "years" else "left")
    for skill in skills[:_SKILLS]:
        spellings = [_value(written) for written in skill["writtenAs"]]
        told = ", ".join(spellings) if spellings != [_value(skill["name"])] else ""
        used = (_years(skill["months"]), _value(skill["lastUsed"]) or "", _value(skill["level"]) or "")
        table.add_row(_value(skill["name"]), *used, Text(told or ("" if skill["declared"] else "(in the text)")))
    meant = (f"{_value(each['written'])} → {_value(each['didYouMean'])}?" for each in result["suggestions"])
    return Group(table, *_more(len(skills) - _SKILLS, "skill"), *_listed("Did you mean", meant))


def _experience(result: JSON) -> RenderableType:
    positions = result["positions"]
    dated = [each for each in positions if each["achievements"]] or positions
    parts: list[RenderableType] = [part for review in dated[:_POSITIONS] for part in _position(review)]
    total = _value(result["totalMonths"])
    facts = (
        count(len(positions), "position"),
        duration(total, "en") if total else "of unknown length",
        count(len(result["gaps"]), "gap"),
    )
    return Group(*parts, Text(", ".join(facts), style="dim"))


def _position(review: JSON) -> Iterable[RenderableType]:
    position = review["position"]
    title = " · ".join(filter(None, (_value(position["title"]), _value(position["employer"]))))
    end = "today" if position["ongoing"] else _day(position["end"])
    span = " – ".join(filter(None, (_day(position["start"]), end)))
    months = _value(position["months"])
    length = f", {duration(months, 'en')}" if months else ""
    yield Text.assemble((title or "(no title)", "bold"), (f"  {span}{length}" if span else "", "dim"))
    figures = [_value(figure) for each in review["achievements"] for figure in each["figures"]]
    for bullet in (position["bullets"] or position["summary"])[:_BULLETS]:
        text = Text(_value(bullet))
        text.highlight_words(figures, style="bold green")
        yield _bullet(text)
    if position["technologies"]:
        names = ", ".join(_value(name) for name in position["technologies"])
        yield _bullet(Text(names, style="cyan"), mark="⚙")
    for question in review["questions"][:1]:
        yield _bullet(Text(question["text"], style="yellow"), mark="?")


def _profile(result: JSON) -> RenderableType:
    completeness = result["completeness"]
    score = _value(completeness["score"])
    missing = [section["name"] for section in completeness["sections"] if not section["present"]]
    bar = Table.grid(padding=(0, 1, 0, 0))
    bar.add_row("completeness", f"{score}%", _Gauge(score), Text(_without(missing), style="dim"))
    questions = (question["text"] for question in result["questions"][:_QUESTIONS])
    rest = len(result["questions"]) - _QUESTIONS
    return Group(
        Text(_value(result["headline"]) or "(no headline: nothing says what this person does)", style="bold"),
        *(_bullet(Text(_value(sentence))) for sentence in result["summary"]),
        bar,
        *(_bullet(Text(question, style="yellow"), mark="?") for question in questions),
        *_more(rest, "question"),
    )


def _competence_file(result: JSON) -> RenderableType:
    header = result["header"]
    name = " · ".join(filter(None, (_value(header["name"]), _value(header["title"]))))
    groups = (
        f"{group['label']}: {', '.join(_value(skill['name']) for skill in group['skills'])}"
        for group in result["skills"]
    )
    return Group(
        Text(name or "(no name)", style="bold"),
        *(Text(_value(sentence)) for sentence in result["introduction"]),
        *(_bullet(Text(_value(fact))) for fact in result["keyFacts"]),
        *(_bullet(Text(group), mark="⚙") for group in groups),
        Text(f"{count(len(result['experience']), 'position')}; the document: enrich document", "dim"),
    )


def _bulk(result: JSON) -> RenderableType:
    counted = Text.assemble(
        (f"{result['completed']} completed", "bold green"),
        f" of {count(result['total'], 'candidate')}, {result['failed']} failed, {result['cancelled']} cancelled",
    )
    groups = (f"{group['count']} × {group['errorCode']}" for group in result["errorGroups"])
    return Group(counted, *_listed("Why", groups))


_EXCERPTS: dict[str, Callable[[JSON], RenderableType]] = {
    "skills_optimization": _skills,
    "experience_enhancement": _experience,
    "candidate_profile_enhancement": _profile,
    "competence_file_generation": _competence_file,
    "bulk_candidate_enrichment": _bulk,
}


class _Gauge:
    """A bar on a terminal, nothing in a pipe."""

    def __init__(self, percentage: int) -> None:
        self._percentage = percentage

    def __rich_console__(self, console: Console, _: ConsoleOptions) -> RenderResult:
        if console.is_terminal:
            yield ProgressBar(100, self._percentage, width=20)

    def __rich_measure__(self, console: Console, _: ConsoleOptions) -> Measurement:
        width = 20 if console.is_terminal else 0
        return Measurement(width, width)


def _value(statement: JSON | None) -> Any:
    return None if statement is None else statement["value"]


def _years(months: JSON | None) -> str:
    """Months as years: `0.5`, `7`, `12.5`."""
    value = _value(months)
    return "" if value is None else f"{value / 12:.1f}".removesuffix(".0")


def _day(date: JSON | None) -> str:
    value = _value(date)
    if value is None:
        return ""
    return f"{value['year']}-{value['month']:02d}" if value.get("month") else str(value["year"])


def _without(missing: list[str]) -> str:
    return f"missing: {', '.join(missing)}" if missing else "nothing missing"


def _bullet(text: Text, mark: str = "•") -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(mark, style=text.style), text)
    return Padding(grid, (0, 0, 0, 2))


def _more(rest: int, noun: str) -> tuple[RenderableType, ...]:
    return (Text(f"and {count(rest, f'more {noun}')}", style="dim"),) if rest > 0 else ()


def _listed(label: str, items: Iterable[str]) -> tuple[RenderableType, ...]:
    text = ", ".join(items)
    return (Text.assemble((f"{label}: ", "yellow"), text),) if text else ()
