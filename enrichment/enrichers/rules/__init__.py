"""The offline enricher, and the default: rules that anyone can read, for each of the four types."""

from enrichment.enrichers.rules.enricher import RulesEnricher

__all__ = ["RulesEnricher"]
