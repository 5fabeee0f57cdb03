"""`enrich` as a process, where no API is needed: help, usage errors, and which modules it loads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from enrichment import modulepath
from enrichment.access.scopes import Scope
from enrichment.cli import keys, main
from enrichment.cli.app import COMMANDS

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "pydantic", "rich", "sqlalchemy", "temporalio")


def enrich(*arguments: str, directory: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run from `directory` as `python -m enrichment`, which puts that directory first on Python's path."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ENRICHMENT_", "DATABASE_"))}
    return subprocess.run(
        [sys.executable, "-m", "enrichment", *arguments],
        cwd=directory,
        env=env | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class Here:
    """The command line in this process, for what ends before it does anything: it is quicker."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setattr(modulepath, "leave_out_current_directory", lambda: None)

    def enrich(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self._monkeypatch.setattr(sys, "argv", ["enrich", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, int(str(ended.value.code)), said.out, said.err)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(monkeypatch, capsys)


def test_help_lists_every_command_in_plain_text() -> None:
    answer = enrich("--help", FORCE_COLOR="1")
    assert answer.returncode == 0
    assert [name for name in COMMANDS if f"\n  {name:<8}  " not in answer.stdout] == []
    assert not set(answer.stdout) & set("\x1b│╭─")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(here: Here, command: str) -> None:
    answer = here.enrich(command, "--help")
    assert answer.returncode == 0
    assert f"    enrich {command}" in answer.stdout or f" enrich {command} " in answer.stdout
    assert [line for line in answer.stdout.splitlines() if len(line) > 90] == []


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from enrichment.cli.app import app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {module.split(".")[0] for module in loaded.stdout.split()} & set(HEAVY)


def test_a_reader_that_has_had_enough_ends_it_without_a_word() -> None:
    reader, pipe = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "enrichment", "--help"], cwd=ROOT, stdout=pipe, stderr=subprocess.PIPE, check=False
    )
    os.close(pipe)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_mistyped_command_is_a_usage_error_with_a_suggestion(here: Here) -> None:
    answer = here.enrich("stauts")
    assert answer.returncode == 2
    assert "Did you mean" in answer.stderr
    assert "'status'" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--type", "skills"], "skills is no job type: use competence_file_generation, candidate_profile_"),
        ([], "Missing option '--type'"),
        (["--type", "skills_optimization", "--priority", "17"], "17 is in no band: use critical (20), high (10-15)"),
        (["--type", "skills_optimization", "--priority", "urgent"], "urgent is no band: use critical (20)"),
        (["--type", "skills_optimization", "--as-of", "tomorrow"], "tomorrow is no day"),
        (["--type", "skills_optimization", "--run-at", "soon"], "soon is no time"),
        (["--type", "skills_optimization", "--max-retries", "21"], "Invalid value for '--max-retries'"),
        (
            ["--type", "skills_optimization", "--child-type", "skills_optimization"],
            "--child-type is for a bulk",
        ),
        (["--type", "skills_optimization", "--skip-invalid"], "--skip-invalid is for --bulk"),
        (["--bulk", "--max-failure-rate", "1"], "1 is no share to stop at"),
        (["--bulk", "--max-failure-rate", "nan"], "nan is no share to stop at"),
        (["--bulk", "--candidate-id", "c"], "--candidate-id and --stage-ms are not for --bulk"),
        (["--bulk", "missing.ndjson"], "missing.ndjson: there is no such file"),
        (["--type", "skills_optimization", "missing.json"], "missing.json: there is no such file"),
    ],
)
def test_a_bad_submission_is_refused_before_anything_is_sent(
    here: Here, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    file = tmp_path / "ada.json"
    file.write_text("{}")
    answer = here.enrich("submit", str(file), *arguments)
    assert answer.returncode == 2
    assert complaint in answer.stderr
    assert answer.stdout == ""


def test_a_file_of_nonsense_is_named_with_its_line_and_column(here: Here, tmp_path: Path) -> None:
    good, nonsense = tmp_path / "ada.json", tmp_path / "nonsense.json"
    good.write_text("{}")
    nonsense.write_text('{"basics":\n  nonsense}')
    answer = here.enrich("submit", str(good), str(nonsense), "--type", "skills_optimization")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith(f"{nonsense}:2:3: is not JSON: ")


def test_days_without_end_are_a_usage_error(here: Here) -> None:
    answer = here.enrich("cleanup", "--days", "10000000000")
    assert (answer.returncode, "Invalid value for '--days'" in answer.stderr) == (2, True)


def test_an_id_that_cannot_be_one_is_refused_before_anything_is_sent(here: Here) -> None:
    answer = here.enrich("status", "..")
    assert answer.returncode == 2
    assert ".. is no job id" in answer.stderr


def test_an_api_that_is_not_there_is_one_clear_message(tmp_path: Path) -> None:
    answer = enrich("stats", "--api", "http://127.0.0.1:9", directory=tmp_path, PYTHONPATH=str(ROOT))
    assert answer.returncode == 1
    assert answer.stderr.startswith("The API cannot be reached at http://127.0.0.1:9 (from --api).\n")
    assert "enrich dev" in answer.stderr
    assert answer.stdout == ""


def test_migrate_wants_to_be_told_which_database(tmp_path: Path) -> None:
    answer = enrich("migrate", directory=tmp_path, PYTHONPATH=str(ROOT))
    assert answer.returncode == 2
    assert "DATABASE_URL is not set" in answer.stderr


def test_a_folder_named_api_in_the_current_directory_is_not_loaded(tmp_path: Path) -> None:
    for package in ("api", "worker", "workflows"):
        (tmp_path / package).mkdir()
        for name in ("__init__.py", "__main__.py"):
            (tmp_path / package / name).write_text("raise SystemExit('a stranger was loaded')")
    refusal = {"ENRICHMENT_SLOTS_LOW": "no number"}  # so that the real ones end before they serve
    for command in ("api", "worker"):
        answer = enrich(command, directory=tmp_path, PYTHONPATH=str(ROOT), **refusal)
        assert "ENRICHMENT_SLOTS_LOW" in answer.stderr
        strangers_first = os.pathsep.join((str(tmp_path), str(ROOT)))
        answer = enrich(command, directory=ROOT.parent, PYTHONPATH=strangers_first, **refusal)
        assert answer.returncode == 1
        assert f"would be loaded from {tmp_path}" in answer.stderr
        assert "a stranger was loaded" not in answer.stderr


def test_a_key_can_be_given_every_scope_that_there_is() -> None:
    assert tuple(keys._SCOPES) == tuple(map(str, Scope))


@pytest.mark.parametrize("command", ["api", "worker", "migrate", "cleanup", "keys list"])
def test_settings_that_cannot_be_used_are_one_message_that_names_them_all(tmp_path: Path, command: str) -> None:
    bad = {"DATABASE_URL": "foo", "REDIS_URL": "localhost:6379", "TEMPORAL_ADDRESS": "temporal"}
    answer = enrich(*command.split(), directory=tmp_path, **bad, ENRICHMENT_MODEL="oracle")
    assert answer.returncode == 2, answer.stderr
    first, *named = answer.stderr.splitlines()
    assert first == "The environment is not usable:"
    assert [line.split(":")[0].strip() for line in named] == [*bad, "ENRICHMENT_MODEL"]
