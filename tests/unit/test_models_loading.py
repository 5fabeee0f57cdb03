"""The libraries of models cost a second and 60 MB: nothing but a worker that has a model loads them."""

import subprocess
import sys

HEAVY = ("pydantic_ai", "openai", "anthropic", "genai_prices")
LOADED = "import worker.__main__, worker.run, api.app, enrichment.cli, enrichment.enrichers.configured"


def test_nothing_of_them_is_loaded_with_the_product() -> None:
    told = f"{LOADED}, sys; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
