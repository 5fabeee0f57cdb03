"""The enricher that the settings ask for."""

import contextlib
from collections.abc import AsyncIterator

from enrichment.db import Database
from enrichment.enrichers.base import Enricher
from enrichment.enrichers.rules import RulesEnricher
from enrichment.notation import RULES
from enrichment.settings import Settings


def load(settings: Settings) -> None:
    """Loads ahead all that `enricher` would load.

    Raises:
        SettingsError: the key of a model's provider is missing, or the library that reaches it.
    """
    if settings.model == RULES:
        return
    from enrichment.enrichers.llm import naming

    models = naming.models(settings)
    from enrichment.enrichers.llm import enricher, providers  # noqa: F401 the enricher is to be loaded, that is all

    for provider in {named.provider for named in models}:
        providers.load(provider)


@contextlib.asynccontextmanager
async def enricher(settings: Settings, database: Database) -> AsyncIterator[Enricher]:
    """Works while the block runs. With rules, nothing of the models is loaded: that takes a second and 60 MB.

    Raises:
        SettingsError: the key of a model's provider is missing, or the library that reaches it.
    """
    if settings.model == RULES:
        yield RulesEnricher()
        return
    from enrichment.enrichers.llm import naming

    models = naming.models(settings)
    from enrichment.enrichers.llm.chain import Chain
    from enrichment.enrichers.llm.enricher import ModelEnricher
    from enrichment.redis import redis_client

    redis = redis_client(settings)
    try:
        yield ModelEnricher(models[0], Chain(settings, models, database, redis))
    finally:
        await redis.aclose()
