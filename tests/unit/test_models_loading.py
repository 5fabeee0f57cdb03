"""The libraries of models cost a second and 60 MB: nothing loads them before a worker with a model has a job."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic_ai", "openai", "anthropic", "genai_prices")
WITH_RULES = "import worker.__main__, worker.run, api.app, enrichment.cli, enrichment.enrichers.configured"
WITH_A_MODEL = f"{WITH_RULES}, enrichment.enrichers.llm.enricher, enrichment.enrichers.llm.naming"


@pytest.mark.parametrize("loaded", [WITH_RULES, WITH_A_MODEL])
def test_nothing_of_them_is_loaded_at_the_start(loaded: str) -> None:
    told = f"{loaded}, sys; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
