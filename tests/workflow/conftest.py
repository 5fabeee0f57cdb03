"""One server that skips time for all tests of workflows, and a fresh script for each."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflow.script import Script, server


@pytest.fixture(scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    async with server() as started:
        yield started


@pytest.fixture
def script(env: WorkflowEnvironment) -> Script:
    return Script(env)
