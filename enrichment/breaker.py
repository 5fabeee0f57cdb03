"""Not asking a component again that has just not answered: callers get their answer at once, and it can recover."""

import time


class Breaker:
    """Opens for `rest_s` seconds when it is tripped; the first call after that finds out whether all is well again."""

    def __init__(self, rest_s: float) -> None:
        self._rest_s = rest_s
        self._opens_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._opens_until

    def trip(self) -> None:
        self._opens_until = time.monotonic() + self._rest_s

    def close(self) -> None:
        self._opens_until = 0.0
