"""A worker that cannot start says why in a line, and with which setting."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import pytest


@pytest.mark.parametrize(
    ("variable", "value", "code", "says"),
    [
        ("TEMPORAL_ADDRESS", "127.0.0.1:1", 1, "Temporal does not answer at 127.0.0.1:1 (TEMPORAL_ADDRESS)"),
        ("ENRICHMENT_QUEUES", "urgent", 2, "ENRICHMENT_QUEUES"),
        ("ENRICHMENT_MODEL", "oracle", 2, "no enricher for 'oracle': use rules"),
    ],
)
async def test_it_says_what_is_wrong(variable: str, value: str, code: int, says: str) -> None:
    command = (sys.executable, "-P", "-m", "enrichment", "worker")
    environment = {**os.environ, "TEMPORAL_ADDRESS": "127.0.0.1:1", variable: value}
    worker = await asyncio.create_subprocess_exec(*command, env=environment, stderr=PIPE)
    _, said = await worker.communicate()

    assert worker.returncode == code
    assert says in said.decode()
    assert "Traceback" not in said.decode()
