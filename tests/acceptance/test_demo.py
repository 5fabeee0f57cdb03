"""`enrich demo` as a newcomer starts it, with its output in a pipe."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from enrichment.models import JobType

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(180)


def start(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """The demo, with all of its temporary files below `directory`."""
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(directory)}
    if env.pop("PYTHONDONTWRITEBYTECODE", None):
        env["PYTHONPYCACHEPREFIX"] = str(directory.parent / "pycache")  # or each process compiles everything anew
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "enrichment", "demo", *arguments],
        cwd=directory,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_over(directory: Path) -> list[str]:
    """Processes that still work in `directory`, and files."""
    processes = [
        process.info["name"]
        for process in psutil.process_iter(["name", "cmdline"])
        if any(str(directory) in argument for argument in process.info["cmdline"] or ())
    ]
    return processes + [str(path) for path in directory.rglob("*")]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "the demo's own"
    directory.mkdir()
    return directory


def test_it_completes_every_type_shows_the_results_and_leaves_nothing_behind(directory: Path) -> None:
    stdout, stderr = (demo := start(directory)).communicate()
    assert (demo.returncode, stderr) == (0, "")
    assert "5 of 5 job types completed" in stdout
    assert re.search(r"\tRetry 1 of \d in 2 s: ", stdout)
    shown = re.findall(r"^(\w+): .+$", stdout.partition("job types completed")[2], flags=re.MULTILINE)
    assert set(JobType) <= set(shown)
    assert re.search(r"^  page and API +http://127\.0\.0\.1:\d+$", stdout, flags=re.MULTILINE)
    assert "\x1b" not in stdout
    assert left_over(directory) == []


def test_given_files_and_json_it_tells_the_whole_jobs(directory: Path) -> None:
    example = next((REPOSITORY / "examples").glob("*.json"))
    stdout, _ = (demo := start(directory, "--json", str(example))).communicate()
    assert demo.returncode == 0
    events = [json.loads(line) for line in stdout.splitlines()]
    completed = [event["job"] for event in events if event["event"] == "completed"]
    assert {job["type"] for job in completed} == set(JobType)
    assert all(job["result"] for job in completed)


def test_interrupted_it_stops_what_it_has_started(directory: Path) -> None:
    demo = start(directory, "--keep")
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("Submitted"):
            break
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert left_over(directory) == []
