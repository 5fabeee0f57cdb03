"""The enricher that the settings ask for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from enrichment.db import Database
from enrichment.enrichers.base import Enricher
from enrichment.enrichers.rules import RulesEnricher
from enrichment.notation import RULES
from enrichment.settings import Settings


class Configured(NamedTuple):
    enricher: Enricher
    loading: asyncio.Future[Any]
    """Done when all that it works with is in memory. It takes jobs before."""


def load(settings: Settings) -> None:
    """Loads ahead of it all that the enricher works with.

    Raises:
        SettingsError: the key of a model's provider is missing, or the library that reaches it.
    """
    if settings.model == RULES:
        return
    from enrichment.enrichers.llm import naming

    models = naming.models(settings)
    from enrichment.enrichers.llm import chain, providers  # noqa: F401 the chain is to be loaded, that is all

    for provider in {named.provider for named in models}:
        providers.load(provider)


@contextlib.asynccontextmanager
async def enricher(settings: Settings, database: Database, serving: asyncio.Event) -> AsyncIterator[Configured]:
    """Works while the block runs. With rules, nothing of the models is loaded: that takes a second and 60 MB.

    With a model it is loaded in a thread, once the worker is `serving`: so what another one held when it died begins
    again a second or two earlier, and the rules make the drafts meanwhile. Begun before, it held back the start itself.

    Raises:
        SettingsError: the key of a model's provider is missing, or the library that reaches it.
    """
    if settings.model == RULES:
        nothing = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        yield Configured(RulesEnricher(), nothing)
        return
    from enrichment.cancellation import stop
    from enrichment.enrichers.llm import naming
    from enrichment.enrichers.llm.enricher import Asked, ModelEnricher
    from enrichment.redis import redis_client

    models = naming.models(settings)
    redis = redis_client(settings)

    def chain() -> Asked:
        from enrichment.enrichers.llm.chain import Chain

        return Chain(settings, models, database, redis)

    async def load() -> Asked:
        await serving.wait()
        return await asyncio.to_thread(chain)

    loading = asyncio.create_task(load(), name="load the models' library")
    try:
        yield Configured(ModelEnricher(models[0], loading), loading)
    finally:
        await stop(loading)
        await redis.aclose()
