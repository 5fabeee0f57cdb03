"""A child's output: one file in which run follows run, read back from where the latest began. And the stack's own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

_MAX_BYTES = 20_000_000
_TAIL_LINES = 15


class Log:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def begin(self) -> None:
        """A new run: `text` is what is written from now on. A file that has grown too large is set aside first."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > _MAX_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        self.path.touch()
        self._start = self.path.stat().st_size

    def open(self) -> BinaryIO:
        """The file, for a new run to append to."""
        self.begin()
        return self.path.open("ab")

    def add(self, line: str) -> None:
        """One line of our own, behind the time in UTC."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}\n")

    def text(self) -> str:
        """What the latest run has written so far."""
        with self.path.open("rb") as file:
            file.seek(self._start)
            return file.read().decode(errors="replace")

    def tail(self) -> str:
        """The last lines of the latest run, and where the rest is: what a failed start shows."""
        lines = self.text().rstrip().splitlines()[-_TAIL_LINES:]
        return "\n".join([*(f"  {line}" for line in lines or ["(no output)"]), f"Its log: {self.path}"])
