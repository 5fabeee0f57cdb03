"""The overview that many follow, and one reader reads."""

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import pytest

from api import overview
from api.overview import Overviews
from enrichment.errors import StorageUnavailable


async def test_a_read_that_fails_is_missed_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(overview, "EVERY_S", 0)
    reads = 0

    async def read() -> dict[str, Any]:
        nonlocal reads
        reads += 1
        if reads == 1:
            raise StorageUnavailable("The database does not answer")
        if reads == 3:
            raise RuntimeError("as nobody foresaw")
        return {"at": reads, "jobs": reads}

    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(10), aclosing(Overviews().follow("tenant", read)) as frames:
            async for _ in frames:
                if reads > 3:
                    break

    assert [(record.levelname, vars(record)["event"]) for record in caplog.records] == [
        ("WARNING", "request_failed"), ("ERROR", "request_failed")
    ]  # fmt: skip
