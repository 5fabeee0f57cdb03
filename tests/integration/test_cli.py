"""`enrich` as its users run it, a process of its own, against the real API and a real worker."""

import asyncio
import gzip
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from enrichment.db import Database
from enrichment.settings import Settings
from tests.conftest import serving

ROOT = Path(__file__).parents[2]
ADA = {"basics": {"name": "Ada Byron", "label": "Analyst"}, "skills": [{"name": "python"}, {"name": "ReactJS"}]}
LATER = "2999-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("worker")


@dataclass(frozen=True)
class Answer:
    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[list[str]]:
        return [line.split("\t") for line in self.stdout.splitlines()]

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


class CommandLine:
    def __init__(self, url: str, directory: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENRICHMENT_")}
        self._env = {**inherited, "PYTHONPATH": str(ROOT), "ENRICHMENT_API_URL": url}
        self._directory = directory
        self.file = directory / "ada.json"
        self.file.write_text(json.dumps(ADA))

    async def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None, stdout: int = PIPE) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "enrichment", *map(str, arguments),
            cwd=self._directory, env=self._env | dict(env or {}), stdin=PIPE, stdout=stdout, stderr=PIPE,
        )  # fmt: skip

    async def __call__(self, *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Answer:
        return await ending(await self.start(*arguments, env=env), stdin)


async def ending(process: Process, stdin: str = "") -> Answer:
    async with asyncio.timeout(60):
        stdout, stderr = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return Answer(process.returncode, (stdout or b"").decode(), stderr.decode())


@pytest.fixture
def enrich(api: httpx.AsyncClient, tmp_path: Path) -> CommandLine:
    return CommandLine(str(api.base_url), tmp_path)


@pytest.fixture
async def later(api: httpx.AsyncClient) -> str:
    """A job that no worker starts."""
    return await submitted(api, runAt=LATER)


async def submitted(api: httpx.AsyncClient, **fields: Any) -> str:
    body = {"type": "skills_optimization", "candidateData": ADA} | fields
    return str((await api.post("/api/enrichment", json=body)).json()["jobId"])


async def test_submit_and_watch_says_each_change_on_a_line_and_ends_well(enrich: CommandLine) -> None:
    answer = await enrich("submit", enrich.file, "--type", "SKILLS_optimization", "--watch", "--stage-ms", "300")
    assert (answer.code, answer.stderr) == (0, "")
    (job_id, status, queue, file), *changes = answer.lines
    assert (status, queue, file) == ("pending", "enrichment-normal", str(enrich.file))
    assert {line[0] for line in changes} == {job_id}
    percentages = [int(percentage.rstrip("%")) for _, _, percentage, _ in changes]
    assert percentages == sorted(percentages)
    assert len(set(percentages)) > 3
    assert changes[-1][1:3] == ["completed", "100%"]
    assert "\x1b" not in answer.stdout


async def test_submit_passes_every_option_on(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    options = (
        "--priority",
        "12",
        "--candidate-id",
        "ada-1",
        "--max-retries",
        "7",
        "--run-at",
        "2998-01-01T10:00+01:00",
    )
    more = ("--locale", "fr", "--as-of", "2020-05-01", "--idempotency-key", f"key {enrich.file}")
    command = ("submit", enrich.file, "--type", "skills_optimization", *options, *more, "--json")
    first, again = (await enrich(*command)).objects + (await enrich(*command)).objects
    assert again["jobId"] == first["jobId"]
    job = (await api.get(f"/api/enrichment/jobs/{first['jobId']}")).json()
    assert (job["priority"], job["candidateId"], job["maxRetries"]) == (12, "ada-1", 7)
    assert job["runAt"] == "2998-01-01T09:00:00Z"


async def test_several_files_are_several_jobs_and_a_refused_one_does_not_stop_the_others(
    enrich: CommandLine, tmp_path: Path
) -> None:
    refused = tmp_path / "nul.json"
    refused.write_text('{"basics": {"name": "\\u0000"}}')
    answer = await enrich("submit", refused, enrich.file, "--type", "skills_optimization")
    assert answer.code == 2
    assert [line[3] for line in answer.lines] == [str(enrich.file)]
    assert answer.stderr.startswith(f"{refused}: ")


async def test_a_candidate_can_come_from_standard_input(enrich: CommandLine) -> None:
    answer = await enrich("submit", "-", "--type", "candidate_profile_enhancement", "--watch", stdin=json.dumps(ADA))
    assert answer.code == 0
    assert answer.lines[-1][1] == "completed"


async def test_an_empty_candidate_is_submitted_as_it_is(enrich: CommandLine) -> None:
    answer = await enrich("submit", "-", "--type", "skills_optimization", "--watch", stdin="{}")
    assert (answer.code, answer.lines[-1][1]) == (0, "completed")


async def test_many_files_become_one_bulk(enrich: CommandLine, tmp_path: Path) -> None:
    lines = tmp_path / "more.ndjson"
    lines.write_text(f"{json.dumps(ADA)}\n" * 3)
    bulk = ("--type", "bulk_candidate_enrichment", "--child-type", "skills_optimization")
    answer = await enrich("submit", enrich.file, lines, *bulk, "--watch", "--json")
    assert answer.code == 0
    *_, last = answer.objects
    assert last["event"] == "completed"
    assert last["job"]["result"]["completed"] == 4
    children = await enrich("list", "--parent", last["jobId"])
    assert [line[1:3] for line in children.lines] == [["skills_optimization", "completed"]] * 4


async def test_lines_become_one_bulk_however_they_are_packed(enrich: CommandLine, tmp_path: Path) -> None:
    people, more = tmp_path / "people.ndjson", tmp_path / "more.ndjson"
    people.write_text("\n".join(json.dumps(ADA | {"candidateId": f"c-{n}"}) for n in range(30)))  # no last newline
    more.write_text(json.dumps(ADA | {"candidateId": "c-0"}) + "\n[]\n")
    packed = tmp_path / "people.ndjson.gz"
    packed.write_bytes(gzip.compress(people.read_bytes()))
    bulk = ("--bulk", "--type", "skills_optimization", "--priority", "critical")

    answer = await enrich("submit", people, more, *bulk, "--skip-invalid", "--watch", "--json")

    assert (answer.code, answer.stderr.splitlines()) == (
        0,
        [
            f"{more}:2 was left out: is no JSON object",
            f"1 line with the candidateId of an earlier one, first {more}:1",
        ],
    )  # fmt: skip
    first, *_, end = answer.objects
    assert (first["event"], first["intake"]["accepted"], first["queue"]) == ("submitted", 31, "enrichment-critical")
    assert (end["event"], end["job"]["result"]["completed"]) == ("completed", 31)
    assert (await enrich("submit", packed, *bulk, "--dry-run")).lines[0][1] == "30 jobs"
    from_pipe = await enrich("submit", "-", *bulk, "--watch", stdin=people.read_text())
    assert from_pipe.lines[-1][-1].startswith("completed: 30 of 30 candidates in ")


async def test_a_bulk_that_is_refused_early_says_why_though_much_is_still_to_be_sent(
    enrich: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "people.ndjson"
    file.write_text("{\n" + (json.dumps(ADA) + "\n") * 100_000)
    answer = await enrich("submit", file, "--bulk")
    assert (answer.code, answer.stdout) == (2, "")
    assert f"{file}:1 cannot be used" in answer.stderr


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_a_bad_line_of_several_files_is_named_by_its_own_place(
    enrich: CommandLine, tmp_path: Path, packed: bool
) -> None:
    ending, pack = (".ndjson.gz", gzip.compress) if packed else (".ndjson", bytes)
    first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    first.write_bytes(pack(b"{}\n\n{}"))  # an empty line in the middle, and none at the end
    second.write_bytes(pack(b'{}\n{oops}\n{"candidateId": 5}\n'))

    refused = await enrich("submit", first, second, "--bulk")
    skipped = await enrich("submit", first, second, "--bulk", "--skip-invalid", "--json")
    alone = await enrich("submit", second, "--bulk")

    assert (refused.code, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"The request is not valid. {second}:2 cannot be used\n  {second}:2 The line is not JSON: column 2\n"
    )
    assert alone.stderr == refused.stderr
    assert (skipped.code, skipped.objects[0]["intake"]["accepted"]) == (0, 3)
    not_json, bad_id = skipped.stderr.splitlines()
    assert not_json == f"{second}:2 was left out: The line is not JSON: column 2"
    assert bad_id.startswith(f"{second}:3 was left out: must be a text of ")


async def test_a_bad_field_is_named_behind_the_place_of_its_line(enrich: CommandLine) -> None:
    answer = await enrich("submit", "-", "--bulk", stdin='{}\n{"candidateId": 5}\n')
    assert answer.stderr.startswith(
        "The request is not valid. -:2 cannot be used\n  -:2 /candidateId must be a text of "
    )


@pytest.mark.parametrize("how", [("--bulk",), ("--type", "skills_optimization")])
async def test_a_job_and_a_bulk_take_the_same_options(
    enrich: CommandLine, database: Database, how: tuple[str, ...]
) -> None:
    options = ("--refresh", "--allow-rules-fallback", "--run-at", LATER, "--json")
    (answer,) = (await enrich("submit", enrich.file, *how, *options)).objects
    stored = "SELECT options FROM enrichment_job WHERE id = :id"
    told = (await database.execute(text(stored), {"id": answer["jobId"]})).scalar_one()
    assert (told["refresh"], told["allowRulesFallback"]) == (True, True)


async def test_watch_json_ends_with_the_whole_job_for_each(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    ids = [await submitted(api) for _ in range(2)]
    answer = await enrich("watch", *ids, "--json")
    assert answer.code == 0
    endings = [event for event in answer.objects if event["event"] == "completed"]
    assert {event["jobId"] for event in endings} == set(ids)
    assert all(event["job"]["result"]["skills"] for event in endings)
    assert {event["event"] for event in answer.objects} <= {"progress", "completed"}


async def test_a_failed_job_makes_watch_fail_and_says_why(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    job_id = await submitted(api, options={"rehearse": {"failCode": "provider_auth"}})
    answer = await enrich("watch", job_id)
    assert answer.code == 1
    assert answer.lines[-1][1] == "failed"
    assert "failed: provider_auth: " in answer.stdout
    status = await enrich("status", job_id)
    assert status.code == 0
    assert "errorCode: provider_auth" in status.stdout.splitlines()


async def test_an_attempt_that_failed_is_announced_with_its_retry(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    job_id = await submitted(api, options={"rehearse": {"failCode": "provider_rate_limited"}})
    answer = await enrich("watch", job_id)
    assert answer.code == 0
    assert re.search(r"\tRetry 1 of 3 in 2 s: ", answer.stdout)


async def test_a_finished_job_is_told_of_at_once(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    job_id = await submitted(api)
    await enrich("watch", job_id)
    answer = await enrich("watch", job_id)
    assert answer.code == 0
    assert len(answer.lines) == 1


async def test_interrupting_watch_leaves_the_job_alone(enrich: CommandLine, api: httpx.AsyncClient, later: str) -> None:
    process = await enrich.start("watch", later)
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    answer = await ending(process)
    assert answer.code == 130
    assert answer.stderr == f"Stopped watching; the job goes on. To follow again: enrich watch {later}\n"
    assert (await api.get(f"/api/enrichment/jobs/{later}")).json()["status"] == "pending"


async def test_a_closed_pipe_is_no_failure_of_a_job(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    job_id = await submitted(api, type="competence_file_generation")
    await enrich("watch", job_id)
    pdf = ("document", job_id, "--format", "pdf")
    for command in (("health",), ("list",), ("list", "--json"), ("status", job_id), ("watch", job_id), pdf):
        reader, pipe = os.pipe()
        os.close(reader)
        process = await enrich.start(*command, stdout=pipe)
        os.close(pipe)
        assert (await ending(process), command) == (Answer(141, "", ""), command)


async def test_cancel_retry_and_what_cannot_be_done(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    job_id, other = await submitted(api, runAt=LATER), await submitted(api, runAt=LATER)
    assert (await enrich("cancel", job_id)).lines == [[job_id, "cancelled"]]
    answer = await enrich("cancel", job_id, other)
    assert answer.code == 1
    assert answer.lines == [[other, "cancelled"]]
    assert answer.stderr.startswith(f"{job_id}: The job's state does not allow this. The job is cancelled")
    assert (await enrich("watch", job_id)).code == 1
    (retried,) = (await enrich("retry", job_id, "--json")).objects
    assert (retried["jobId"], retried["run"]) == (job_id, 2)
    assert (await enrich("watch", job_id)).code == 0


async def test_result_and_document(enrich: CommandLine, api: httpx.AsyncClient, later: str, tmp_path: Path) -> None:
    job_id = await submitted(api, type="competence_file_generation")
    await enrich("watch", job_id)
    result = await enrich("result", job_id)
    assert json.loads(result.stdout)["header"]["name"]["value"] == "Ada Byron"
    document = await enrich("document", job_id)
    assert document.stdout.startswith("# Ada Byron\n")
    saved = await enrich("document", job_id, "--output", str(tmp_path / "ada.pdf"))
    assert (saved.code, saved.stdout) == (0, "")
    assert (tmp_path / "ada.pdf").read_bytes().startswith(b"%PDF-")
    assert (await enrich("document", job_id, "--output", str(tmp_path / "ada.odt"))).code == 2
    unfinished = await enrich("result", later)
    assert (unfinished.code, unfinished.stdout) == (1, "")
    assert unfinished.stderr == "There is no result: the job is pending\n"
    assert (await enrich("document", later)).code == 1


async def test_a_job_that_is_not_there_is_a_readable_problem(enrich: CommandLine) -> None:
    answer = await enrich("status", "01a20946-8a95-76b9-aa0b-7c4fb355cab4")
    assert (answer.code, answer.stdout, answer.stderr) == (1, "", "Not found. There is no such job\n")


async def test_a_refusal_names_each_field(enrich: CommandLine) -> None:
    answer = await enrich(
        "submit", enrich.file, "--type", "skills_optimization", "--candidate-id", "#", "--locale", "?"
    )
    assert (answer.code, answer.stdout) == (2, "")
    assert "\n  /candidateId should match" in answer.stderr
    assert "\n  /options/locale should match" in answer.stderr


@pytest.mark.parametrize(
    "wrong", [("list", "--cursor", "x"), ("list", "--parent", "x"), ("submit", "-", "--bulk", "--locale", "x_")]
)
async def test_an_option_that_the_api_refuses_is_a_usage_error(enrich: CommandLine, wrong: tuple[str, ...]) -> None:
    answer = await enrich(*wrong, stdin="{}")
    assert (answer.code, answer.stdout) == (2, "")


@pytest.mark.parametrize("how", [("--json",), ()])
async def test_an_answer_that_cannot_be_written_is_one_line(enrich: CommandLine, how: tuple[str, ...]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    process = await enrich.start("stats", *how, stdout=full)
    os.close(full)
    _, told = await process.communicate()
    assert (process.returncode, told) == (1, b"The answer cannot be written: No space left on device\n")


async def test_list_narrows_pages_and_speaks_json(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    ids = [await submitted(api, candidateId="list-me", priority="low", runAt=LATER) for _ in range(3)]
    mine = ("list", "--candidate-id", "list-me", "--status", "PENDING", "--priority", "low")
    assert [line[0] for line in (await enrich(*mine)).lines] == ids[::-1]
    page = json.loads((await enrich(*mine, "--limit", "2", "--json")).stdout)
    assert [job["jobId"] for job in page["jobs"]] == ids[:0:-1]
    rest = json.loads((await enrich(*mine, "--cursor", page["nextCursor"], "--json")).stdout)
    assert [job["jobId"] for job in rest["jobs"]] == ids[:1]
    assert rest["nextCursor"] is None


async def test_a_list_in_a_pipe_says_last_why_a_job_failed(enrich: CommandLine, api: httpx.AsyncClient) -> None:
    await submitted(api, candidateId="why", runAt=LATER)
    failed = await submitted(api, candidateId="why", options={"rehearse": {"failCode": "provider_auth"}})
    await enrich("watch", failed)
    answer = await enrich("list", "--candidate-id", "why")
    assert [(line[2], len(line), line[-1]) for line in answer.lines] == [
        ("failed", 8, "provider_auth"), ("pending", 8, "")
    ]  # fmt: skip


async def test_a_queue_is_paused_and_resumed(enrich: CommandLine) -> None:
    paused = await enrich("pause", "low")
    assert (paused.code, paused.stdout) == (0, "low is paused: nothing new starts there\n")
    job_id = (await enrich("submit", enrich.file, "--type", "skills_optimization", "--priority", "low")).lines[0][0]
    waiting = json.loads((await enrich("status", job_id, "--json")).stdout)["waiting"]
    assert waiting["reason"] == "paused"

    assert json.loads((await enrich("resume", "low", "--json")).stdout)["pausedAt"] is None
    assert (await enrich("watch", job_id)).code == 0
    assert (await enrich("pause", "slow")).code == 2


async def test_stats_and_health(enrich: CommandLine) -> None:
    stats = await enrich("stats")
    assert stats.code == 0
    assert any(line.startswith("byQueue.critical.completed: ") for line in stats.stdout.splitlines())
    health = await enrich("health")
    assert health.code == 0
    assert health.stdout.startswith("status: healthy\n")
    assert json.loads((await enrich("health", "--json")).stdout)["database"] == "up"


async def test_without_the_database_nobody_knows_how_many_workers_there_are(
    enrich: CommandLine, settings: Settings
) -> None:
    nowhere = SecretStr("postgresql://me@127.0.0.1:9/none")
    async with serving(settings.model_copy(update={"database_url": nowhere})) as url:
        health = await enrich("health", "--api", url)
        as_json = await enrich("health", "--api", url, "--json")
    assert (health.code, as_json.code) == (1, 1)
    assert "workers: unknown" in health.stdout.splitlines()
    assert json.loads(as_json.stdout)["workers"] is None


async def test_cleanup_works_on_the_stack_that_runs_here(
    enrich: CommandLine, settings: Settings, tmp_path: Path
) -> None:
    places = {
        "databaseUrl": settings.database_url.get_secret_value(),
        "redisUrl": settings.redis_url.get_secret_value(),
        "temporal": settings.temporal_address,
    }
    (tmp_path / "stack.json").write_text(json.dumps(places))
    answer = await enrich("cleanup", "--days", "3650", "--json", env={"ENRICHMENT_DATA_DIR": str(tmp_path)})
    assert answer.code == 0, answer.stderr
    assert json.loads(answer.stdout) == {"deletedJobs": 0, "deletedProgress": 0}


async def test_migrate_reports_the_revision(enrich: CommandLine, settings: Settings) -> None:
    answer = await enrich("migrate", env={"DATABASE_URL": settings.database_url.get_secret_value()})
    assert answer.code == 0, answer.stderr
    assert re.fullmatch(r"The schema is at revision \w+\n", answer.stdout)


async def test_a_database_that_is_not_there_is_named_without_its_password(enrich: CommandLine) -> None:
    for command in ("migrate", "cleanup"):
        answer = await enrich(command, env={"DATABASE_URL": "postgresql://me:s3cret@127.0.0.1:9/none"})
        assert (answer.code, answer.stdout) == (1, "")
        assert answer.stderr.startswith("The database ")
        assert "s3cret" not in answer.stderr
        assert "Traceback" not in answer.stderr


async def test_watching_survives_a_restart_of_the_api_without_telling_anything_twice(
    settings: Settings, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    enrich = CommandLine(url, tmp_path)
    async with own_api(enrich, settings, url):
        process = await enrich.start(
            "submit", enrich.file, "--type", "skills_optimization", "--stage-ms", "2000", "--watch", "--json"
        )
        assert process.stdout is not None
        before = [json.loads(await process.stdout.readline()) for _ in range(3)]
    async with own_api(enrich, settings, url):
        answer = await ending(process)
    assert answer.code == 0, answer.stderr
    told = [event["progress"] for event in before[1:] + answer.objects if event["event"] == "progress"]
    numbers = [progress["seq"] for progress in told]
    assert numbers == sorted(set(numbers))
    assert answer.objects[-1]["event"] == "completed"


@asynccontextmanager
async def own_api(enrich: CommandLine, settings: Settings, url: str) -> AsyncIterator[None]:
    """`enrich api` as a process that can be stopped and started again on its port."""
    env = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "TEMPORAL_ADDRESS": settings.temporal_address,
        "ENRICHMENT_REHEARSAL": "true",
    }
    process = await enrich.start("api", "--port", url.rpartition(":")[2], env=env)
    try:
        async with asyncio.timeout(60), httpx.AsyncClient(base_url=url) as client:
            while not await _answers(client):
                assert process.returncode is None
                await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await process.communicate()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).is_success
    except httpx.HTTPError:
        return False
