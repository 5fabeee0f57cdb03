"""What costs a process's start and memory is loaded by those who need it, and then."""

import subprocess
import sys

import pytest

MODELS = ("pydantic_ai", "openai", "anthropic", "genai_prices")
"""A second and 60 MB: for a worker that has a model."""
TEMPORAL = ("temporalio", "nexusrpc")
"""A sixth of the API's start, which needs it for a cancel, an erasure and its health."""
PRODUCT = "worker.__main__, worker.run, api.app, enrichment.cli, enrichment.enrichers.configured"


@pytest.mark.parametrize(("modules", "left_out"), [(PRODUCT, MODELS), ("api.__main__", TEMPORAL)])
def test_it_is_not_loaded_at_the_start(modules: str, left_out: tuple[str, ...]) -> None:
    told = f"import {modules}, sys; print([name for name in {left_out} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
