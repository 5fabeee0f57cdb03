"""Doing a fault, and proving that it was done: a fault that nobody felt has tested nothing."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil
from redis.asyncio import Redis

from tests.faults.patience import until
from tests.faults.plan import LINKS, Fault, Kind
from tests.faults.subject import Subject
from tests.processes import runs

_BACK_WITHIN_S = 30.0
"""How long to wait for a process that an earlier fault ended, before it can be hit again."""
_GONE_WITHIN_S = {Kind.KILL: 5.0, Kind.TERM: 10.0, Kind.CRASH: 5.0}
_FELT_WITHIN_S = 20.0
"""A broken link that nobody has used yet stays broken for so much longer."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A fault that was done, in seconds of the monotonic clock. No evidence: it did not take effect."""

    fault: Fault
    began_at: float
    over_at: float
    evidence: str

    @property
    def since(self) -> float:
        """From when on the product may recover."""
        return self.over_at if self.fault.lasts_s else self.began_at


class Actions:
    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    async def fire(self, fault: Fault) -> Fired:
        began_at = time.monotonic()
        if fault.target in LINKS:
            evidence = await self._break(fault)
        elif fault.kind is Kind.FLUSH:
            evidence = await self._flush()
        elif fault.kind is Kind.CUT:
            evidence = await self._cut_sessions()
        else:
            process = await self._process(fault.target)
            began_at = time.monotonic()
            evidence = await (self._freeze(process, fault) if fault.kind is Kind.FREEZE else self._end(process, fault))
        return Fired(fault, began_at, time.monotonic(), evidence)

    async def _process(self, name: str) -> psutil.Process:
        """The process now, once it is back from an earlier fault. Only ever a descendant of ours."""
        found: list[psutil.Process] = []

        def is_back() -> bool:
            try:
                process = psutil.Process(self._subject.stack.pids[name])
                ancestors = [each.pid for each in process.parents()]
                if os.getpid() in ancestors and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.NoSuchProcess:
                pass
            return bool(found)

        if not await until(is_back, _BACK_WITHIN_S):
            raise TimeoutError(f"{name} is not back from the fault before")
        return found[0]

    async def _end(self, process: psutil.Process, fault: Fault) -> str:
        """Kills it, asks it to end, or kills a child of it."""
        if fault.kind is Kind.CRASH:
            process = _backend(process)
        process.send_signal(signal.SIGTERM if fault.kind is Kind.TERM else signal.SIGKILL)
        began_at = time.monotonic()
        if not await until(lambda: not runs(process), _GONE_WITHIN_S[fault.kind]):
            return ""
        return f"process {process.pid} gone after {time.monotonic() - began_at:.2f} s"

    async def _freeze(self, process: psutil.Process, fault: Fault) -> str:
        family = [process]
        try:
            process.suspend()  # first, so that it makes no more children
            family += process.children(recursive=True)
            for child in family[1:]:
                _quietly(child.suspend)
            stopped = await until(lambda: _are_stopped(family), 2.0)
            await asyncio.sleep(fault.lasts_s)
            still = process.status() == psutil.STATUS_STOPPED
        finally:
            for each in reversed(family):
                _quietly(each.resume)
        return f"{len(family)} process(es) stopped from {process.pid} on" if stopped and still else ""

    async def _break(self, fault: Fault) -> str:
        proxy = self._subject.proxies[fault.target]
        try:
            await proxy.break_(fault.kind, fault.delay_s)
            await asyncio.sleep(fault.lasts_s)
            await until(lambda: bool(str(proxy.damage)), _FELT_WITHIN_S)
        finally:
            await proxy.heal()
        return str(proxy.damage)

    async def _flush(self) -> str:
        url = self._subject.stack.infrastructure.redis_url
        async with Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as redis:
            before = await redis.dbsize()
            await redis.flushall()
            return f"{before} keys forgotten" if before else ""

    async def _cut_sessions(self) -> str:
        connection = await self._subject.database(as_superuser=True)
        try:
            cut = await connection.fetchval(
                "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name NOT LIKE 'fault%' AND backend_type = 'client backend'"
                "   AND pid <> pg_backend_pid()"
            )
        finally:
            connection.terminate()
        return f"{cut} sessions ended" if cut else ""


def _are_stopped(family: Sequence[psutil.Process]) -> bool:
    def is_stopped(process: psutil.Process) -> bool:
        try:
            return bool(process.status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return True  # it ended meanwhile, which is no less still

    return all(map(is_stopped, family))


def _backend(postmaster: psutil.Process) -> psutil.Process:
    """A process that serves a connection of the product's."""
    for child in postmaster.children():
        if "enrichment enrichment" in " ".join(child.cmdline()):
            return child
    raise TimeoutError("PostgreSQL serves no connection of the product's")


def _quietly(act: Callable[[], None]) -> None:
    try:
        act()
    except psutil.NoSuchProcess:
        return
