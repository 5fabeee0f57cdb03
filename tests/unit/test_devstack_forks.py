"""The fork server: what is asked of it becomes a process that finds its modules loaded. None outlives it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from enrichment.devstack.errors import ChildDiedError
from enrichment.devstack.forks import Fork, ForkServer
from enrichment.devstack.log import Log
from enrichment.devstack.process import Stop, end
from enrichment.devstack.product import Api, Product, Worker
from tests.processes import runs

SHARED = "print('shared is loaded')"
PROGRAM = """
import os, shared, sys, time
print(sys.argv[1:], os.environ.get("WORD"), os.getsid(0) == os.getpid(), flush=True)
match sys.argv[1:]:
    case ["stay"]: time.sleep(600)
    case ["exit", code]: sys.exit(int(code))
    case ["fail"]: raise RuntimeError("it failed")
"""


class Ground:
    """A fork server of two small modules, and a log."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = Log(directory / "program.log")
        self.server = ForkServer(["shared"])
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        self.environment = {**buffered, "PYTHONPATH": str(directory), "WORD": "hello"}
        self.write("shared", SHARED)
        self.write("program", PROGRAM)

    def write(self, module: str, source: str) -> None:
        (self.directory / f"{module}.py").write_text(source)

    async def fork(self, *arguments: str) -> Fork:
        return await self.server.fork("a program", ["program", *arguments], self.environment, self.log)


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    ground = Ground(tmp_path)
    yield ground
    await ground.server.stop()


async def until_gone(process: psutil.Process) -> None:
    async with asyncio.timeout(10):
        while runs(process):
            await asyncio.sleep(0.01)


async def test_a_fork_is_the_module_with_its_arguments_its_environment_and_a_session_of_its_own(ground: Ground) -> None:
    fork = await ground.fork("exit", "3")
    assert await fork.wait() == fork.returncode == 3
    assert "['exit', '3'] hello True" in ground.log.text()


async def test_what_is_loaded_is_loaded_once(ground: Ground) -> None:
    await ground.server.start(ground.environment, ground.log)
    for _ in range(3):
        assert await (await ground.fork("exit", "0")).wait() == 0
    assert ground.log.path.read_text().count("shared is loaded") == 1


async def test_a_function_of_a_module_loads_more_in_the_environment_of_the_server(ground: Ground) -> None:
    ground.write("ahead", "import os\ndef load(): print(f\"more is loaded: {os.environ['WORD']}\")")
    server = ForkServer(["shared", "ahead:load"])
    fork = await server.fork("a program", ["program", "exit", "0"], ground.environment, ground.log)
    assert await fork.wait() == 0
    await server.stop()
    assert ground.log.path.read_text().count("more is loaded: hello") == 1


async def test_forks_that_are_asked_for_together_are_told_apart(ground: Ground) -> None:
    forks = await asyncio.gather(*(ground.fork("exit", str(code)) for code in range(5)))
    assert [await fork.wait() for fork in forks] == list(range(5))


async def test_an_error_is_in_its_log(ground: Ground) -> None:
    assert await (await ground.fork("fail")).wait() == 1
    assert "RuntimeError: it failed" in ground.log.text()


async def test_a_signal_ends_it_and_nobody_else(ground: Ground) -> None:
    first, second = await asyncio.gather(ground.fork("stay"), ground.fork("stay"))
    first.send_signal(signal.SIGTERM)
    assert await first.wait() == -signal.SIGTERM
    assert second.returncode is None
    with pytest.raises(ProcessLookupError):
        first.send_signal(signal.SIGTERM)
    await end(second, (Stop(signal.SIGINT, 5),))
    assert second.returncode is not None


async def test_with_the_server_its_forks_end_and_the_next_one_has_a_new_server(ground: Ground) -> None:
    fork = await ground.fork("stay")
    process = psutil.Process(fork.pid)
    os.kill(process.ppid(), signal.SIGKILL)
    assert await fork.wait() == -signal.SIGKILL
    await until_gone(process)
    assert await (await ground.fork("exit", "0")).wait() == 0


async def test_what_is_stopped_leaves_none(ground: Ground) -> None:
    fork = await ground.fork("stay")
    process = psutil.Process(fork.pid)
    await ground.server.stop()
    assert await fork.wait() == -signal.SIGKILL
    await until_gone(process)


async def test_who_stops_waiting_for_a_fork_leaves_none(ground: Ground) -> None:
    asking = asyncio.create_task(ground.fork("stay"))
    while not ground.server._asked:
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    assert await (await ground.fork("exit", "0")).wait() == 0
    assert not ground.server._running


async def test_a_signal_that_all_get_is_for_the_forks(ground: Ground) -> None:
    fork = await ground.fork("stay")
    server = psutil.Process(psutil.Process(fork.pid).ppid())
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        server.send_signal(number)
    fork.send_signal(signal.SIGTERM)
    assert await fork.wait() == -signal.SIGTERM, "told by the server, which is there"


async def test_who_stops_waiting_just_as_the_answer_comes_leaves_no_fork(ground: Ground) -> None:
    asking = asyncio.create_task(ground.fork("stay"))
    while not ground.server._asked:
        await asyncio.sleep(0)
    (asked,) = ground.server._asked
    asked.add_done_callback(lambda _: asking.cancel())
    await asyncio.wait({asking})
    (fork,) = ground.server._running.values()
    assert await fork.wait() == -signal.SIGKILL


async def test_a_module_that_hangs_is_given_up(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enrichment.devstack.forks._LOADED_WITHIN_S", 0.5)
    ground.write("shared", "import time; time.sleep(600)")
    with pytest.raises(ChildDiedError, match="not loaded within"):
        await ground.fork("stay")


async def test_a_frozen_server_holds_up_no_stop(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enrichment.devstack.process._ENDS_WITHIN_S", 0.2)
    fork = await ground.fork("stay")
    psutil.Process(psutil.Process(fork.pid).ppid()).suspend()
    await end(fork, ())
    await ground.server.stop()
    assert fork.returncode == -signal.SIGKILL


async def test_what_a_module_has_started_itself_is_no_fork(ground: Ground) -> None:
    ground.write("shared", "import subprocess; subprocess.Popen(['sleep', '0.1'])")
    await ground.fork("stay")
    await asyncio.sleep(0.3)
    assert await (await ground.fork("exit", "0")).wait() == 0


async def test_a_module_that_cannot_be_loaded_is_named(ground: Ground) -> None:
    ground.write("shared", "import nowhere_to_be_found")
    with pytest.raises(ChildDiedError, match="No module named 'nowhere_to_be_found'"):
        await ground.fork("stay")


async def test_a_package_of_another_that_is_called_like_ours_is_not_run(ground: Ground) -> None:
    ground.write("worker", "raise RuntimeError('it was run')")
    with pytest.raises(ChildDiedError, match="The package `worker` would be loaded from"):
        await ground.fork("stay")


async def test_the_libraries_of_the_models_that_are_asked_are_loaded_ahead(ground: Ground) -> None:
    ground.write("program", "import sys; print([name for name in ('openai', 'anthropic') if name in sys.modules])")
    ground.environment |= {"ENRICHMENT_MODEL": "openai:one", "OPENAI_API_KEY": "key"}
    ground.server = ForkServer(Worker.modules)
    assert await (await ground.fork()).wait() == 0
    assert "['openai']" in ground.log.text()


@pytest.mark.parametrize("product", [Api, Worker])
async def test_our_modules_start_no_thread(product: type[Product], ground: Ground) -> None:
    """A fork has no more than the thread that makes it: another one's locks would stay taken for ever."""
    ground.environment |= {
        "ENRICHMENT_MODEL": "openai:one,anthropic:another",
        "OPENAI_API_KEY": "key",
        "ANTHROPIC_API_KEY": "key",
    }
    ground.server = ForkServer(product.modules)
    fork = await ground.fork("stay")
    assert psutil.Process(psutil.Process(fork.pid).ppid()).num_threads() == 1
