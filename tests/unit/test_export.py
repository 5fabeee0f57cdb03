"""A bulk's failures as a table that a spreadsheet shows and does not run."""

import asyncio
import csv
from collections.abc import AsyncIterator

import pytest

from api.export import FAILURES, as_csv
from enrichment.jobs.standings import Ended
from enrichment.models import JobStatus


def table_of(job: Ended) -> list[list[str]]:
    async def jobs() -> AsyncIterator[Ended]:
        yield job

    async def lines() -> bytes:
        return b"".join([line async for line in as_csv(jobs())])

    return list(csv.reader(asyncio.run(lines()).decode().splitlines()))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-2", "@SUM(A1)", '=HYPERLINK("http://x", "a, b")'])
def test_what_would_be_a_formula_is_text(cell: str) -> None:
    names, row = table_of(Ended("id", cell, JobStatus.FAILED, "internal", cell, None))
    told = dict(zip(names, row, strict=True))
    assert tuple(names) == FAILURES
    assert (told["candidateId"], told["error"]) == (f"'{cell}", f"'{cell}")
    assert (told["jobId"], told["errorCode"]) == ("id", "internal")
