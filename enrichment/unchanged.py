"""What was made of something is handed out again while that is as it was: many look at a job, and it seldom changes."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Source = TypeVar("Source")
Made = TypeVar("Made")

KEPT_S = 60.0


class Unchanged(Generic[Source, Made]):
    """Makes by `make`, of a source, what nobody changes; keeps what it has made of the last source under each key.

    All is forgotten every `KEPT_S`, at the next call, and the keys that came first beyond `most`.
    """

    def __init__(self, make: Callable[[Source], Made], most: int = 1_000) -> None:
        self._make = make
        self._most = most
        self._made: dict[str, tuple[Source, Made]] = {}
        self._until = 0.0

    def of(self, key: str, source: Source) -> Made:
        now = time.monotonic()
        if now > self._until:
            self._made.clear()
            self._until = now + KEPT_S
        held = self._made.get(key)
        if held is not None and held[0] == source:
            return held[1]
        made = self._make(source)
        if held is None and len(self._made) >= self._most:
            del self._made[next(iter(self._made))]
        self._made[key] = source, made
        return made
