"""`enrich` on a terminal: a pseudo-terminal of a given width stands for the person's."""

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")

pytestmark = pytest.mark.usefixtures("worker")


async def on_a_terminal(url: str, *arguments: str, columns: int = 80, **environment: str) -> tuple[int, str]:
    """The exit code, and what was written to the terminal, with its control sequences."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    env = {**inherited, "PYTHONPATH": str(ROOT), "ENRICHMENT_API_URL": url, "TERM": "xterm-256color", **environment}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "enrichment", *arguments, env=env, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    async with asyncio.timeout(60):
        written = await asyncio.to_thread(_read_all, master)
    return await process.wait(), written


def _read_all(master: int) -> str:
    with os.fdopen(master, "rb", buffering=0) as terminal:
        written = b""
        while True:
            try:
                part = terminal.read(65536)
            except OSError:  # how Linux says that the other side is closed
                part = b""
            if not part:
                return written.decode()
            written += part


async def submitted(api: httpx.AsyncClient, type_: str, stage_ms: int = 0) -> str:
    candidate = {"basics": {"name": "Ada Byron"}, "skills": [{"name": "python"}]}
    options = {"rehearse": {"stageMs": stage_ms}}
    body = {"type": type_, "candidateData": candidate, "options": options, "candidateId": "ada"}
    return str((await api.post("/api/enrichment", json=body)).json()["jobId"])


@pytest.mark.parametrize("columns", [80, 120])
async def test_watch_draws_bars_that_move_and_fit(api: httpx.AsyncClient, columns: int) -> None:
    job_id = await submitted(api, "skills_optimization", stage_ms=800)
    code, written = await on_a_terminal(str(api.base_url), "watch", job_id, columns=columns)
    assert code == 0
    frames = [line for line in ANSI.sub("", written).replace("\r", "\n").splitlines() if "skills ada" in line]
    percentages = [int(percentage) for frame in frames for percentage in re.findall(r"(\d+)%", frame)]
    assert percentages == sorted(percentages)
    assert len(set(percentages)) > 2
    assert frames[-1].startswith("✓ skills ada ━")
    assert " 100% completed" in frames[-1]
    assert max(map(len, frames)) < columns


async def test_a_bulk_has_a_bar_for_its_way_there_and_one_for_its_run(api: httpx.AsyncClient, tmp_path: Path) -> None:
    file, padding = tmp_path / "people.ndjson", "x" * 8_000
    people = [{"candidateId": f"c{n}", "basics": {"name": f"Ada {n}", "summary": padding}} for n in range(80)]
    file.write_text("".join(json.dumps(person) + "\n" for person in people))
    code, written = await on_a_terminal(
        str(api.base_url), "submit", str(file), "--bulk", "--type", "skills_optimization", "--watch", columns=120
    )
    assert code == 0
    lines = ANSI.sub("", written).replace("\r", "\n").splitlines()
    assert [line for line in lines if re.search(r"Sending people\.ndjson ━+ .*/\d+(\.\d+)? [kM]B", line)]
    assert "80 candidates accepted" in lines
    assert " 100% completed" in next(line for line in reversed(lines) if "people.ndjson ━" in line)


async def test_answers_are_coloured_unless_no_color_is_set(api: httpx.AsyncClient) -> None:
    url, job_id = str(api.base_url), await submitted(api, "skills_optimization")
    await on_a_terminal(url, "watch", job_id)
    _, coloured = await on_a_terminal(url, "status", job_id)
    _, plain = await on_a_terminal(url, "status", job_id, NO_COLOR="1")
    assert COLOUR.search(coloured)
    assert not COLOUR.search(plain)
    assert "completed" in plain


async def test_a_dumb_terminal_gets_plain_lines(api: httpx.AsyncClient) -> None:
    job_id = await submitted(api, "skills_optimization")
    _, written = await on_a_terminal(str(api.base_url), "watch", job_id, TERM="dumb")
    assert "\x1b" not in written
    assert f"{job_id}\tcompleted\t100%\t" in written


@pytest.mark.parametrize(
    ("type_", "shown"),
    [
        ("skills_optimization", "Python"),
        ("experience_enhancement", "0 positions"),
        ("candidate_profile_enhancement", "completeness"),
        ("competence_file_generation", "Ada Byron"),
    ],
)
async def test_result_shows_what_matters_most(api: httpx.AsyncClient, type_: str, shown: str) -> None:
    url, job_id = str(api.base_url), await submitted(api, type_)
    await on_a_terminal(url, "watch", job_id)
    code, written = await on_a_terminal(url, "result", job_id)
    assert code == 0
    assert shown in ANSI.sub("", written)


@pytest.mark.parametrize("stage_ms", [0, 60_000], ids=["ended", "running"])
async def test_a_list_fits_the_terminal_with_whole_words(api: httpx.AsyncClient, stage_ms: int) -> None:
    job_id = await submitted(api, "competence_file_generation", stage_ms)
    for columns in (80, 120):
        _, written = await on_a_terminal(str(api.base_url), "list", "--candidate-id", "ada", columns=columns)
        lines = ANSI.sub("", written).splitlines()
        assert any(re.match(rf"{job_id} +competence file +(\w+ )?\w+%? +normal ", line) for line in lines), written
        assert max(map(len, lines[:-1])) <= columns
    await api.post(f"/api/enrichment/jobs/{job_id}/cancel")


async def test_a_narrow_list_keeps_ids_statuses_and_ages_whole(api: httpx.AsyncClient) -> None:
    body = {
        "type": "skills_optimization",
        "candidateData": {},
        "candidateId": "narrow",
        "runAt": "2999-01-01T00:00:00Z",
    }
    job_id = (await api.post("/api/enrichment", json=body)).json()["jobId"]
    for columns, shown in ((60, "pending +"), (70, "pending +normal +"), (80, "skills +pending +normal +")):
        _, written = await on_a_terminal(str(api.base_url), "list", "--candidate-id", "narrow", columns=columns)
        _, row = ANSI.sub("", written).splitlines()
        assert re.fullmatch(rf"{job_id} +{shown}\d+ (s|min) *", row), written
        assert len(row) <= columns


async def test_a_wide_list_says_why_a_job_failed_its_code_first(api: httpx.AsyncClient) -> None:
    candidate_id = f"why-{'x' * 150}"
    options = {"rehearse": {"failCode": "provider_auth"}}
    body = {"type": "skills_optimization", "candidateData": {}, "candidateId": candidate_id, "options": options}
    job_id = (await api.post("/api/enrichment", json=body)).json()["jobId"]
    await on_a_terminal(str(api.base_url), "watch", job_id)
    for columns, why in ((120, ""), (290, "provider_auth: ")):
        _, written = await on_a_terminal(str(api.base_url), "list", "--candidate-id", candidate_id, columns=columns)
        row = ANSI.sub("", written).splitlines()[-1]
        assert re.match(rf"{job_id} +skills +failed +normal +why-x+…? +{why}", row), written
        assert re.search(r" \d+ (s|min) *$", row), "a long candidate's id takes nobody's room but its own"


async def test_operators_views(api: httpx.AsyncClient) -> None:
    for command, shown in (("health", "healthy"), ("stats", "95th percentile")):
        code, written = await on_a_terminal(str(api.base_url), command)
        assert code == 0
        assert shown in ANSI.sub("", written)
