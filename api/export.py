"""What came of a bulk, for other programs: results a line each, failures as a table. Both stream, in flat memory."""

import csv
import io
import json
from collections.abc import AsyncIterator

from enrichment.jobs.standings import Ended

FAILURES = ("jobId", "candidateId", "status", "errorCode", "error")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula, and runs it."""


async def as_ndjson(jobs: AsyncIterator[Ended]) -> AsyncIterator[bytes]:
    """`{jobId, candidateId, status, result}` a line. The stored JSON goes out as it is."""
    async for job in jobs:
        head = json.dumps({"jobId": job.id, "candidateId": job.candidate_id, "status": job.status})
        yield f'{head[:-1]}, "result": {job.result or "null"}}}\n'.encode()


async def as_csv(jobs: AsyncIterator[Ended]) -> AsyncIterator[bytes]:
    """A line of names, then a line per job (RFC 4180)."""
    yield _row(FAILURES)
    async for job in jobs:
        yield _row((job.id, job.candidate_id or "", job.status, job.error_code or "", job.error or ""))


def _row(cells: tuple[str, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return line.getvalue().encode()
