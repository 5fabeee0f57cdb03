"""Not asking a component again that has just not answered: callers get their answer at once, and it can recover."""

import time


class Breaker:
    """Opens for `rest_s` seconds when it is tripped; the first call after that finds out whether all is well again.

    A call that failed trips it, unless another one was answered since that call began: then it is the call's own fault,
    for it took too long, and not the component's.
    """

    def __init__(self, rest_s: float) -> None:
        self._rest_s = rest_s
        self._opens_until = 0.0
        self._answered_at = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._opens_until

    def trip(self, began: float | None = None) -> None:
        """A call has failed that began at this moment of the monotonic clock."""
        if began is None or self._answered_at <= began:
            self._opens_until = time.monotonic() + self._rest_s

    def close(self) -> None:
        """A call was answered."""
        self._answered_at = time.monotonic()
        self._opens_until = 0.0
