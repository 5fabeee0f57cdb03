"""What ends a command early. The message is for the person at the terminal, on standard error.

    CliError        exit code 1
    ├── Refused         the API said no; exit code 2 where it said that the input is not valid (422)
    ├── Unreachable     the API did not answer
    └── BadUsage        exit code 2: the command line or one of its files is wrong

They are raised anywhere below a command and caught once, in `main`.
"""

from http import HTTPStatus
from typing import Any


class CliError(Exception):
    exit_code: int = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unreachable(CliError):
    """Nothing answers at the API's address."""


class BadUsage(CliError):
    exit_code = 2


class Refused(CliError):
    """The API answered with an error; `problem` is its RFC 9457 body, or what stands for one."""

    def __init__(self, http_status: int, problem: dict[str, Any]) -> None:
        self.http_status = http_status
        self.problem = problem
        if http_status == HTTPStatus.UNPROCESSABLE_ENTITY:
            self.exit_code = BadUsage.exit_code
        super().__init__(_readable(problem))


def _readable(problem: dict[str, Any]) -> str:
    """`title. detail`, then a line for each field that is wrong."""
    title, detail = problem.get("title"), problem.get("detail")
    sentence = ". ".join(str(part) for part in dict.fromkeys((title, detail)) if part)
    faults = problem.get("errors") or ()
    lines = [f"  {fault.get('pointer') or '(body)'} {fault.get('reason')}" for fault in faults]
    return "\n".join((sentence, *lines))
