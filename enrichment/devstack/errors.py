"""Why a stack does not start, in words for the person at the terminal."""

_PASSING = (
    "address already in use",
    'lock file "postmaster.pid" already exists',
    "pre-existing shared memory block",
    "database is locked",
)
"""What a server says when it lost a race for a port, or when an earlier run of it is not quite gone."""


class StackError(Exception):
    """The stack cannot start or go on; the message says why and what to do."""


class ChildDiedError(StackError):
    """A child ended before it answered; `output` is what this run of it wrote."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self._output = output.casefold()

    @property
    def passing(self) -> bool:
        """Whether another try, on another port, may well succeed."""
        return any(phrase in self._output for phrase in _PASSING)
