"""Names are looked up beside all else: a name server that does not answer holds up neither work nor exit."""

import asyncio
import ipaddress
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from enrichment.enrichers.rules import stages
from enrichment.enrichers.rules.stages import Stage, Stages
from enrichment.webhooks import lookups
from enrichment.webhooks.lookups import Lookups

MANY = 40
"""More than the event loop has threads of its own."""


class NameServer:
    """Says nothing of `silent.example` until it may; every other name has one address, which it gives twice."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        if host == "silent.example":
            self.may_answer.wait()
            raise socket.gaierror("nobody knows")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))] * 2


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.may_answer.set()


def computation() -> Stages[str]:
    yield Stage(1, "counting", "counting")
    return "done"


async def report(percentage: int, stage: str, message: str) -> None:
    pass


async def look_up_silent(resolver: Lookups) -> str:
    try:
        await resolver("silent.example", 443)
    except OSError as error:
        return type(error).__name__
    raise AssertionError("it was not known")


async def test_what_is_computed_meanwhile_ends(name_server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "TIMEOUT_S", 60)
    resolver = Lookups()
    looking = [asyncio.create_task(look_up_silent(resolver)) for _ in range(MANY)]

    async with asyncio.timeout(20):
        while len(name_server.asked) < lookups.AT_ONCE:
            await asyncio.sleep(0.01)
        assert await stages.follow(computation(), report, in_place=False) == "done"

    assert not any(task.done() for task in looking)
    assert len(name_server.asked) == lookups.AT_ONCE
    name_server.may_answer.set()
    assert set(await asyncio.gather(*looking)) == {"gaierror"}


async def test_who_waits_for_a_turn_is_told_in_time_and_turns_come_again(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "TIMEOUT_S", 0.1)
    resolver = Lookups()

    assert set(await asyncio.gather(*(look_up_silent(resolver) for _ in range(MANY)))) == {"TimeoutError"}
    with pytest.raises(TimeoutError):
        await resolver("known.example", 443)
    assert name_server.asked == ["silent.example"] * lookups.AT_ONCE

    name_server.may_answer.set()
    monkeypatch.setattr(lookups, "TIMEOUT_S", 20)
    found = await asyncio.gather(*(resolver("known.example", 443) for _ in range(MANY)))
    assert found == [[ipaddress.ip_address("1.1.1.1")]] * MANY


async def test_what_the_system_cannot_even_ask_for_is_told() -> None:
    with pytest.raises(UnicodeError):
        await Lookups()("a..example", 443)


async def test_where_there_are_no_more_threads_it_is_told_and_no_turn_is_lost(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    resolver = Lookups()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(2 * lookups.AT_ONCE):
            with pytest.raises(OSError, match="can't start new thread"):
                await resolver("known.example", 443)
    assert await resolver("known.example", 443) == [ipaddress.ip_address("1.1.1.1")]


def test_a_process_ends_while_a_name_is_looked_up() -> None:
    program = """
import asyncio, socket, threading
from enrichment.webhooks import lookups

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()
lookups.TIMEOUT_S = 0.1
try:
    asyncio.run(lookups.Lookups()("silent.example", 443))
except TimeoutError:
    print("told")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert (ran.stdout, ran.stderr) == ("told\n", "")
