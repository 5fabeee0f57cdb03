"""A child of the stack, with small programs in the servers' place: what a person sees when one fails, dies or hangs."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from enrichment.devstack.child import Child, start_together
from enrichment.devstack.datadir import DataDirectory
from enrichment.devstack.errors import StackError
from enrichment.devstack.postgres import Postgres
from enrichment.devstack.process import Command, Stop
from enrichment.devstack.product import Api, Worker
from enrichment.devstack.program import Program, Run, Server
from enrichment.devstack.redis import Redis
from enrichment.devstack.temporal import Temporal

Running = Callable[[], set[int]]

STAYS = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


async def until(condition: Callable[[], bool]) -> None:
    while True:
        if condition():
            return
        await asyncio.sleep(0.01)


class Script(Server):
    """A program that is ready when it has printed `up`. A chosen port is passed as its argument."""

    name = "script"
    stop = (Stop(signal.SIGTERM, 0.2),)

    def __init__(self, source: str) -> None:
        self.source = source
        self.port = 1

    def choose_other_ports(self) -> None:
        self.port += 1

    def command(self) -> Command:
        return Command((sys.executable, "-c", self.source, str(self.port)))

    async def ready(self, run: Run, /) -> str:
        await until(lambda: "up" in run.log.text().splitlines())
        return "1.0"


class Watched:
    """A script as a child, with what it tells and an event that is set at each restart."""

    def __init__(self, directory: Path, source: str) -> None:
        self.program = Script(source)
        self.told: list[str] = []
        self.restarted = asyncio.Event()
        self.child = Child(self.program, DataDirectory(directory), self.told.append, self.restarted.set)


@pytest.fixture
def running() -> Running:
    """The processes started since the test began that still run."""

    def children() -> set[int]:
        return {process.pid for process in psutil.Process().children()}

    before = children()
    return lambda: children() - before


async def test_a_killed_child_is_restarted_and_says_so(tmp_path: Path, running: Running) -> None:
    watched = Watched(tmp_path, STAYS)
    await watched.child.start()
    first = watched.child.pid
    os.kill(first, signal.SIGKILL)
    await watched.restarted.wait()
    second = watched.child.pid
    assert second != first
    assert second in running()
    await watched.child.stop()
    assert not running()
    assert watched.told[0].startswith("script 1.0 ready in ")
    assert watched.told[1] == "script was ended by SIGKILL: restarting it"


async def test_a_child_whose_restarts_fail_comes_back_once_it_can(tmp_path: Path, running: Running) -> None:
    obstacle = tmp_path / "obstacle"
    watched = Watched(
        tmp_path, f"import os, sys; os.path.exists({str(obstacle)!r}) and sys.exit('in the way'); {STAYS}"
    )
    await watched.child.start()
    obstacle.touch()
    os.kill(watched.child.pid, signal.SIGKILL)
    await until(lambda: any("in the way" in line for line in watched.told))
    obstacle.unlink()
    await watched.restarted.wait()
    assert watched.child.pid in running()
    await watched.child.stop()


async def test_a_failed_start_shows_the_end_of_the_log_and_where_it_is(tmp_path: Path, running: Running) -> None:
    watched = Watched(tmp_path, "import sys; print('first line'); sys.exit('no such table')")
    with pytest.raises(StackError) as failure:
        await watched.child.start()
    message = str(failure.value)
    assert "script did not start: it ended with exit code 1" in message
    assert "no such table" in message
    assert str(tmp_path / "logs" / "script.log") in message
    assert not running()


async def test_only_the_output_of_the_failed_run_is_shown(tmp_path: Path) -> None:
    for word in ("yesterday", "today"):
        with pytest.raises(StackError) as failure:
            await Watched(tmp_path, f"import sys; sys.exit('{word}')").child.start()
    assert "today" in str(failure.value)
    assert "yesterday" not in str(failure.value)


async def test_a_start_that_lost_its_port_takes_another(tmp_path: Path) -> None:
    watched = Watched(tmp_path, f"import sys; sys.argv[1] == '1' and sys.exit('Address already in use'); {STAYS}")
    await watched.child.start()
    assert watched.program.port == 2
    await watched.child.stop()


async def test_a_later_start_keeps_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enrichment.devstack.child._START_WAITS_S", (0.01,))
    watched = Watched(tmp_path, STAYS)
    await watched.child.start()
    await watched.child.stop()
    watched.program.source = f"import sys; sys.argv[1] == '1' and sys.exit('Address already in use'); {STAYS}"
    with pytest.raises(StackError, match="Address already in use"):
        await watched.child.start()
    assert watched.program.port == 1


async def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path, running: Running) -> None:
    watched = Watched(tmp_path, DEAF)
    await watched.child.start()
    await watched.child.stop()
    assert not running()


async def test_a_start_cut_short_leaves_nothing(tmp_path: Path, running: Running) -> None:
    watched = Watched(tmp_path, "import time; print('not yet', flush=True); time.sleep(600)")
    start = asyncio.create_task(watched.child.start())
    log = tmp_path / "logs" / "script.log"
    await until(lambda: log.exists() and "not yet" in log.read_text())
    start.cancel()
    await asyncio.wait({start})
    assert not running()


async def test_one_failure_of_several_stops_the_others_start(tmp_path: Path, running: Running) -> None:
    waiting = Watched(tmp_path / "waiting", "import time; time.sleep(600)")
    failing = Watched(tmp_path / "failing", "import sys; sys.exit('broken')")
    for each in (tmp_path / "waiting", tmp_path / "failing"):
        each.mkdir()
    with pytest.raises(StackError, match="broken"):
        await start_together((waiting.child, failing.child))
    assert not running()


def test_all_children_together_stop_within_fifteen_seconds() -> None:
    programs: tuple[type[Program], ...] = (Api, Worker, Temporal, Redis, Postgres)
    assert sum(step.wait_s for program in programs for step in program.stop) < 15
