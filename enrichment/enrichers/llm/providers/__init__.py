"""The provider's own client for each model of the chain. It retries nothing: Temporal owns the attempts.

Each provider has a module here, and only that of one that is asked is loaded: with its library, a second or two.
"""

import importlib

from pydantic_ai.models import Model

from enrichment.enrichers.llm.naming import Named


def load(provider: str) -> None:
    """Loads the library of one, which `connect` does otherwise."""
    importlib.import_module(f"{__name__}.{provider}")


def connect(named: Named, timeout_s: float) -> Model:
    """Opens no connection yet. `timeout_s` bounds each wait for the server; the whole request is bounded above it."""
    model: Model = importlib.import_module(f"{__name__}.{named.provider}").connect(named, timeout_s)
    return model
