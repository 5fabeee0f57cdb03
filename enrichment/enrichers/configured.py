"""The enricher that the settings ask for."""

from enrichment.enrichers.base import Enricher
from enrichment.enrichers.rules import RulesEnricher
from enrichment.settings import Settings, SettingsError


def enricher(settings: Settings) -> Enricher:
    """Raises `SettingsError` for a model that there is no enricher for."""
    if settings.model == "rules":
        return RulesEnricher()
    raise SettingsError(
        f"The environment is not usable:\n  ENRICHMENT_MODEL: no enricher for {settings.model!r}: use rules"
    )
