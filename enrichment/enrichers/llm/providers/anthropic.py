"""Models of Anthropic."""

from anthropic import AsyncAnthropic
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from enrichment.enrichers.llm.naming import Named


def connect(named: Named, timeout_s: float) -> AnthropicModel:
    client = AsyncAnthropic(api_key=named.api_key.get_secret_value(), max_retries=0, timeout=timeout_s)
    return AnthropicModel(named.model, provider=AnthropicProvider(anthropic_client=client))
