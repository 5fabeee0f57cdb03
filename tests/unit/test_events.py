"""What a log line shows, and what it does not."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

from enrichment.errors import StorageUnavailable
from enrichment.events import JOB_FINISHED, REQUEST_FAILED, JsonFormatter, TextFormatter

CANARY = "Zoë Quetzalcoatlus"
FORMATTERS = (JsonFormatter(), TextFormatter())


class Lines(logging.Handler):
    """Every line, in both forms."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [formatter.format(record) for formatter in FORMATTERS]


@pytest.fixture
def logged() -> Iterator[list[str]]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler.lines
    logging.getLogger().removeHandler(handler)


def test_a_line_is_a_sentence_and_fields(logged: list[str]) -> None:
    logging.getLogger("enrichment.x").error(
        "It failed on %s", "Monday", extra=REQUEST_FAILED.fields(error=StorageUnavailable(CANARY), path="/api")
    )
    as_json, as_text = logged
    assert {**json.loads(as_json), "at": ""} == {
        "at": "",
        "level": "error",
        "message": "It failed on Monday",
        "event": "request_failed",
        "path": "/api",
        "error": "StorageUnavailable",
        "code": "storage_unavailable",
    }
    assert as_text.endswith("It failed on Monday path=/api error=StorageUnavailable code=storage_unavailable")


def test_a_field_that_is_not_in_the_list_cannot_be_logged() -> None:
    with pytest.raises(ValueError, match="candidate"):
        JOB_FINISHED.fields(candidate=CANARY)


def test_of_an_exception_only_its_class_is_shown(logged: list[str]) -> None:
    logging.getLogger("worker.run").error("Something broke", exc_info=KeyError(CANARY))
    assert all("KeyError" in line and CANARY not in line for line in logged)


def test_of_an_error_that_nobody_foresaw_the_places_are_shown(logged: list[str]) -> None:
    def stumble(name: str) -> None:
        raise KeyError(name)

    try:
        stumble(CANARY)
    except KeyError:
        logging.getLogger("worker.run").exception("Something broke")
    here = "tests/unit/test_events.py"
    line = stumble.__code__.co_firstlineno + 1
    assert json.loads(logged[0])["where"] == f"{here}:{line} < {here}:{line + 3}"
    assert all(f"{here}:{line} < " in said and CANARY not in said for said in logged)


async def test_of_a_group_of_tasks_the_places_of_its_first_error_are_shown(logged: list[str]) -> None:
    async def stumble() -> None:
        raise KeyError(CANARY)

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stumble())
    except* KeyError:
        logging.getLogger("worker.run").exception("Something broke")
    line = stumble.__code__.co_firstlineno + 1
    told = json.loads(logged[0])
    assert (told["error"], told["where"]) == ("KeyError", f"tests/unit/test_events.py:{line}")


def test_of_a_librarys_line_only_the_sentence_is_shown(logged: list[str]) -> None:
    logging.getLogger("some.library").error("Cannot send %r", {"name": CANARY})
    assert all("Cannot send" in line and CANARY not in line for line in logged)


async def test_a_task_whose_error_nobody_saw_does_not_tell_it(logged: list[str]) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "Never retrieved", "exception": ValueError(CANARY)})
    assert len(logged) == len(FORMATTERS)
    assert all("Never retrieved" in line and "ValueError" in line and CANARY not in line for line in logged)
