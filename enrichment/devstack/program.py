"""What a child of the supervisor is: how it starts, its ports, how it answers and how it is stopped."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from enrichment.devstack.log import Log
from enrichment.devstack.process import Command, Process, Stop, spawn


@dataclass(frozen=True, slots=True)
class Run:
    """One life of a program: its process and its output."""

    pid: int
    log: Log


class Program(ABC):
    """`name` is for people, `pids` and the log's file; `stop` is the steps that end it, before it is killed."""

    name: ClassVar[str]
    stop: ClassVar[tuple[Stop, ...]]

    def choose_other_ports(self) -> None:
        """Replace the ports that were not given: another process took one before the first start bound it."""
        return

    async def prepare(self) -> None:
        """Make its files what a start needs. Called before each start and restart."""
        return

    @abstractmethod
    async def spawn(self, log: Log) -> Process:
        """Start a process of it that writes to the log."""

    @abstractmethod
    async def ready(self, run: Run, /) -> str:
        """Return once it answers, with its version or nothing. Given up when the process ends first."""


class Server(Program):
    """A program that a command line starts."""

    @abstractmethod
    def command(self) -> Command:
        """Asked at each start."""

    async def spawn(self, log: Log) -> Process:
        return await spawn(self.command(), log)
