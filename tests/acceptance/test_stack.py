"""`enrich dev` as a user starts it: what it prints and writes, what happens to what dies, and how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import psutil
import pytest

from tests.processes import runs

REPOSITORY = Path(__file__).parents[2]
STOP_WITHIN_S = 60
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
CANDIDATE = {"basics": {"name": "Ada Byron"}, "skills": [{"name": "python"}, {"name": "Python"}]}


class Dev:
    """One `enrich dev`, started in a directory of its own, on a data directory given relative to it."""

    def __init__(self, home: Path, port: int) -> None:
        self.data_dir = home / "its data"
        self.log = home / "stderr"
        env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        if env.pop("PYTHONDONTWRITEBYTECODE", None):
            env["PYTHONPYCACHEPREFIX"] = str(home.parent / "pycache")  # or each stack here compiles everything anew
        with self.log.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "enrichment", "dev", "--port", str(port), "--data-dir", "its data"],
                cwd=home,
                env=env,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    @property
    def stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def url(self) -> str:
        """Where it answers, once it says so."""
        line = self.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), self.log.read_text()
        return line.removeprefix("ready ").strip()

    def places(self) -> dict[str, Any]:
        places: dict[str, Any] = json.loads((self.data_dir / "stack.json").read_text())
        return places

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(STOP_WITHIN_S)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Dev]]:
    """Starts stacks side by side, each in a directory whose name has a space; none outlives the tests."""
    started: list[Dev] = []
    homes = tmp_path_factory.mktemp("homes")

    def start(name: str, *, port: int = 0) -> Dev:
        home = homes / name
        home.mkdir(exist_ok=True)
        started.append(Dev(home, port))
        return started[-1]

    yield start
    for dev in started:
        dev.process.kill()
        dev.process.wait()
        dev.stdout.close()


@pytest.fixture(scope="module")
def shared(start: Callable[..., Dev]) -> Dev:
    """A stack that runs for all the tests which leave it as they found it; its `ready` line has been read."""
    dev = start("shared home")
    dev.url()
    return dev


def until(condition: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(map(runs, processes))


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def submit(url: str) -> str:
    body = {"type": "skills_optimization", "candidateData": CANDIDATE}
    answer = httpx.post(f"{url}/api/enrichment", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["jobId"])


def status(url: str, job_id: str) -> str:
    answer = httpx.get(f"{url}/api/enrichment", params={"jobId": job_id})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["status"])


def test_it_says_where_everything_is(shared: Dev) -> None:
    places = shared.places()
    assert set(places) == {"api", "temporal", "temporalUi", "databaseUrl", "redisUrl", "pids"}
    assert set(places["pids"]) == {"api", "worker", "temporal", "redis", "postgres"}
    assert set(places["pids"].values()) <= {process.pid for process in shared.family()}
    assert (shared.data_dir / "stack.json").stat().st_mode & 0o777 == 0o600
    assert httpx.get(places["temporalUi"], follow_redirects=True).status_code == 200
    assert httpx.get(f"{places['api']}/readyz").status_code == 200


def test_what_dies_comes_back_where_it_was(shared: Dev) -> None:
    before = shared.places()
    for pid in before["pids"].values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not set(before["pids"].values()) & set(shared.places()["pids"].values()))
    after = shared.places()
    assert {**after, "pids": None} == {**before, "pids": None}
    until(lambda: is_ready(after["api"]))
    job = submit(after["api"])
    until(lambda: status(after["api"], job) == "completed")
    record = (shared.data_dir / "logs" / "stack.log").read_text()
    for name in before["pids"]:
        assert re.search(rf"^{TIME} {name} was ended by SIGKILL: restarting it$", record, re.MULTILINE), record


def test_a_second_stack_on_one_directory_is_refused(shared: Dev, start: Callable[..., Dev]) -> None:
    before = shared.places()
    second = start("shared home")
    assert second.process.wait(STOP_WITHIN_S) == 1
    assert f"in use by another stack (process {shared.process.pid})" in second.log.read_text()
    assert shared.places() == before
    assert httpx.get(f"{before['api']}/readyz").status_code == 200


def test_a_stack_that_was_killed_goes_on_where_it_stopped_and_then_ends_clean(
    shared: Dev, start: Callable[..., Dev]
) -> None:
    first = start("a home of its own")
    url = first.url()
    finished = submit(url)
    until(lambda: status(url, finished) == "completed")
    stranger = httpx.get(f"{shared.places()['api']}/api/enrichment", params={"jobId": finished})
    assert stranger.status_code == 404, "two stacks side by side do not meet"
    os.kill(first.places()["pids"]["worker"], signal.SIGSTOP)  # so that the next job is still open at the end
    waiting = submit(url)
    family = first.family()
    first.process.kill()
    first.process.wait()
    until(lambda: gone(family))

    second = start("a home of its own")
    url = second.url()
    assert status(url, finished) == "completed"
    until(lambda: status(url, waiting) == "completed")
    family = second.family()
    assert second.stop(signal.SIGINT) == 0
    assert gone(family)
    assert not (second.data_dir / "stack.json").exists()
    assert second.stdout.read() == "", "the ready line is the only one"


def test_a_taken_port_is_named_at_once(start: Callable[..., Dev]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        dev = start("no port", port=port)
        assert dev.process.wait(STOP_WITHIN_S) == 1
    assert f"port {port} of 127.0.0.1 is taken" in dev.log.read_text()
    assert not (dev.data_dir / "logs").exists(), "nothing was started"


def test_a_part_that_fails_to_start_shows_why_and_leaves_nothing(shared: Dev, start: Callable[..., Dev]) -> None:
    database = shared.data_dir.parents[1] / "damaged" / "its data" / "temporal" / "temporal.db"
    database.mkdir(parents=True)  # where a file belongs
    dev = start("damaged")
    family: list[psutil.Process] = []

    def ended() -> bool:
        family.extend(dev.family() if dev.process.poll() is None else [])
        return dev.process.poll() is not None

    until(ended)
    assert dev.process.returncode == 1
    said = dev.log.read_text()
    assert "temporal did not start: it ended with exit code 1" in said
    assert "unable to open database file" in said
    assert str(dev.data_dir / "logs" / "temporal.log") in said
    assert gone(family)
    assert dev.stdout.read() == ""


def test_a_signal_during_the_start_ends_it(start: Callable[..., Dev]) -> None:
    dev = start("interrupted")
    until(lambda: (dev.data_dir / "logs").exists())
    family = dev.family()
    assert dev.stop() == 0
    assert gone(family)
    assert dev.stdout.read() == ""
