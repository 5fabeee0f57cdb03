"""The enricher that the settings ask for."""

import contextlib
from collections.abc import AsyncIterator

from enrichment.db import Database
from enrichment.enrichers.base import Enricher
from enrichment.enrichers.rules import RulesEnricher
from enrichment.notation import RULES
from enrichment.settings import Settings


@contextlib.asynccontextmanager
async def enricher(settings: Settings, database: Database) -> AsyncIterator[Enricher]:
    """Ready while the block runs. With rules, nothing of the models is loaded: that takes a second and 60 MB.

    With a model it is loaded here, before the first job comes. Loaded by the first one, it kept that second back from
    all the slots, and after a worker's death from the jobs that were to run again.

    Raises:
        SettingsError: the key of a model's provider is missing.
    """
    if settings.model == RULES:
        yield RulesEnricher()
        return
    from enrichment.enrichers.llm import naming

    models = naming.models(settings)
    from enrichment.enrichers.llm.chain import Chain
    from enrichment.enrichers.llm.enricher import ModelEnricher
    from enrichment.progress import client

    redis = client(settings)
    try:
        yield ModelEnricher(models[0], Chain(settings, models, database, redis))
    finally:
        await redis.aclose()
