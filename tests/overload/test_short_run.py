"""Twice what the machine serves, for a few seconds."""

from pathlib import Path

from tests.overload.run import run


async def test_what_is_refused_is_told_when_and_what_is_accepted_is_done(tmp_path: Path) -> None:
    outcome = await run(tmp_path, seconds=2.0, most_open=50)
    assert outcome.broken == [], str(outcome)
