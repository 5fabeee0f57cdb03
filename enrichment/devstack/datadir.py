"""The data directory: all that a stack remembers, and nothing of it outside.

    lock           held by the one stack that runs here; names its process
    secrets.json   generated passwords
    stack.json     where everything is, while the stack runs
    logs/          one file per child, and stack.log: when each came up, died and came back
    pycache/       where Python may not keep its bytecode beside the sources, and there is no virtual environment for it
    postgres/ redis/ temporal/   the servers' own files

It is created private to its owner, and so is each part that holds a secret or a candidate's data.
"""

import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TextIO

from enrichment.devstack.errors import StackError
from enrichment.devstack.log import Log


def _password() -> str:
    return secrets.token_hex(24)  # letters and digits only: the same in a URL, in SQL and in a configuration file


@dataclass(frozen=True, slots=True)
class Secrets:
    postgres_superuser: str = field(default_factory=_password, repr=False)
    postgres: str = field(default_factory=_password, repr=False)
    redis: str = field(default_factory=_password, repr=False)


class DataDirectory:
    """One data directory, created private to its owner. `path` may be relative and may hold any character."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.stack_file = self.path / "stack.json"
        self._lock: TextIO | None = None

    def acquire(self) -> None:
        """Create the directory and hold it until `release`. Harmless when it is held already.

        Raises:
            StackError: another stack holds it, or it cannot be written.
        """
        if self._lock is not None:
            return
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise StackError(f"The data directory {self.path} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            lock.close()
            raise StackError(
                f"The data directory {self.path} is in use by another stack (process {holder}): "
                "stop that one, or choose another directory"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def private(self, name: str) -> Path:
        """The directory of one server, created with mode 700."""
        directory = self.path / name
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def log(self, name: str) -> Log:
        """The log of the child of this name."""
        return Log(self.path / "logs" / f"{name}.log")

    @cached_property
    def secrets(self) -> Secrets:
        """The passwords of this directory, generated when they are first asked for."""
        file = self.path / "secrets.json"
        if not file.exists():
            write_private(file, json.dumps(asdict(Secrets()), indent=2))
        return Secrets(**json.loads(file.read_text()))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
