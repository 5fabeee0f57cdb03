"""CPU time and memory of process trees, and how much of the machine others have used meanwhile."""

import os
import time
from collections.abc import Iterator, Mapping

import psutil


def tree(pid: int) -> Iterator[psutil.Process]:
    """A process and its descendants; nothing when it is gone."""
    try:
        process = psutil.Process(pid)
        yield process
        yield from process.children(recursive=True)
    except psutil.NoSuchProcess:
        return


def cpu_s(pid: int) -> float:
    """CPU seconds that a process, its children and those it has reaped have used so far."""
    total = 0.0
    for process in tree(pid):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def resident_mb(pid: int) -> float:
    """Resident memory of the one process."""
    resident: int = psutil.Process(pid).memory_info().rss
    return resident / 2**20


class Meter:
    """Measures from its making to `stop`: CPU seconds by name, and the share of all cores that others have used."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids) | {"generator": os.getpid()}
        self._before = {name: _own(name, pid) for name, pid in self._pids.items()}
        self._busy, self._since = _busy_s(), time.monotonic()

    def stop(self) -> "Used":
        wall = time.monotonic() - self._since
        cpu = {name: _own(name, pid) - self._before[name] for name, pid in self._pids.items()}
        others = max(0.0, _busy_s() - self._busy - sum(cpu.values()))
        cpu.pop("generator")
        return Used(cpu, others / wall / (os.cpu_count() or 1))


class Used:
    """`cpu_s` by process name; `others` is the share of all cores that went to processes that are none of ours."""

    def __init__(self, cpu_s: Mapping[str, float], others: float) -> None:
        self.cpu_s = cpu_s
        self.others = others

    @property
    def total_s(self) -> float:
        return sum(self.cpu_s.values())


def _own(name: str, pid: int) -> float:
    """This process has the servers as children: of it only its own time counts."""
    return time.process_time() if name == "generator" else cpu_s(pid)


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times)) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
