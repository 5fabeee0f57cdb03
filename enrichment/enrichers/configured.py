"""The enricher that the settings ask for."""

import contextlib
from collections.abc import AsyncIterator

from enrichment.db import Database
from enrichment.enrichers.base import Enricher
from enrichment.enrichers.rules import RulesEnricher
from enrichment.settings import Settings

RULES = "rules"


@contextlib.asynccontextmanager
async def enricher(settings: Settings, database: Database) -> AsyncIterator[Enricher]:
    """Ready while the block runs. With rules, nothing of the models is loaded.

    Raises:
        SettingsError: there is no such model, or its key is missing.
    """
    if settings.model == RULES:
        yield RulesEnricher()
        return
    from enrichment.enrichers.llm import naming
    from enrichment.enrichers.llm.enricher import ModelEnricher
    from enrichment.progress import client

    chain = naming.models(settings)
    redis = client(settings)
    try:
        yield ModelEnricher(settings, chain, database, redis)
    finally:
        await redis.aclose()
