"""A program that is loaded already: whenever it is wanted, this process forks, and the fork becomes it.

    python -P -m enrichment.devstack.forkserver MODULE[:FUNCTION]…

Each module is imported, and its function called where one is named. To load the API or a worker takes more than a
second, to fork what is loaded a few milliseconds. A line on standard input asks for a fork (`Start`, as JSON). Standard
output answers with its `pid`, and tells the `pid` and the `code` of each that has ended; what a module prints while it
is loaded goes to standard error. With the end of standard input the server ends too.

It has one thread and no event loop: a fork copies only the thread that calls it. On Linux its forks die with it.
"""

import importlib
import json
import os
import runpy
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from enrichment import heap, modulepath
from enrichment.devstack import launch

_INPUT: Final = 0
_OUTPUT: Final = 1
_ERRORS: Final = 2
_FOR_THE_FORKS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""A machine that shuts down tells all processes at once: the forks stop in order, so the server must not die before."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a fork becomes: `argv` is a module and its arguments, as after `python -m`; `log` gets what it writes.

    `title` is what `top` and `ps -e` call it.
    """

    title: str
    argv: list[str]
    environment: dict[str, str]
    log: str


class _Children:
    """This process's forks, as the supervisor is told of them."""

    def __init__(self) -> None:
        self._answers = os.dup(_OUTPUT)
        os.dup2(_ERRORS, _OUTPUT)  # what a module prints is no answer
        self._handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _FOR_THE_FORKS}
        self.awake, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def tell_of_ends(self) -> None:
        os.read(self.awake, 1024)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.tell(pid=pid, code=os.waitstatus_to_exitcode(status))

    def tell(self, **what: int) -> None:
        os.write(self._answers, json.dumps(what).encode() + b"\n")

    def close(self) -> None:
        """In a fork: nothing of it is left."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        for file in (self._answers, self.awake, self._wake):
            os.close(file)


def main() -> None:
    """Loads what it is told to, and serves.

    Raises:
        ForeignPackageError: one of our packages would come from elsewhere; none is loaded.
    """
    children = _Children()
    modulepath.require_ours()
    heap.load()
    for name in sys.argv[1:]:
        module, _, function = name.partition(":")
        loaded = importlib.import_module(module)
        if function:
            getattr(loaded, function)()
    heap.settle()  # the forks share what is loaded, as long as no collection writes to it
    sys.stdout.flush()  # or each fork would print again what is printed so far
    start = _start_of_a_fork(children)
    if start is not None:
        sys.argv = start.argv
        runpy.run_module(start.argv[0], run_name="__main__", alter_sys=True)


def _start_of_a_fork(children: _Children) -> Start | None:
    """Returns in each fork, with what it is to become; in the server, None, once standard input has ended."""
    for line in _lines(children):
        start = Start(**json.loads(line))
        is_set_up, set_up = os.pipe()
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            children.close()
            os.close(is_set_up)
            _become(start, server)
            os.close(set_up)
            return start
        os.close(set_up)
        os.read(is_set_up, 1)  # ends when the fork has a session and a log of its own, or has died
        os.close(is_set_up)
        children.tell(pid=pid)
    return None


def _lines(children: _Children) -> Iterator[bytes]:
    """What is asked on standard input; meanwhile the ends of forks are told."""
    unfinished = b""
    while True:
        ready, _, _ = select.select([_INPUT, children.awake], [], [])
        if children.awake in ready:
            children.tell_of_ends()
        if _INPUT in ready:
            read = os.read(_INPUT, 65_536)
            if not read:
                return
            *lines, unfinished = (unfinished + read).split(b"\n")
            yield from lines


def _become(start: Start, server: int) -> None:
    os.setsid()
    launch.tie(server, signal.SIGKILL)
    launch.entitle(start.title)
    log = os.open(start.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, stream in ((nothing, _INPUT), (log, _OUTPUT), (log, _ERRORS)):
        os.dup2(file, stream)
    os.close(log)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(start.environment)


if __name__ == "__main__":
    main()
