"""The provider's own client for each model of the chain. It retries nothing: Temporal owns the attempts.

Only the library of the provider that is asked is loaded: a second or two of a worker's start.
"""

from pydantic_ai.models import Model

from enrichment.enrichers.llm.naming import Named


def connect(named: Named, timeout_s: float) -> Model:
    """Opens no connection yet. `timeout_s` bounds each wait for the server; the whole request is bounded above it."""
    return _anthropic(named, timeout_s) if named.provider == "anthropic" else _openai(named, timeout_s)


def _anthropic(named: Named, timeout_s: float) -> Model:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = AsyncAnthropic(api_key=named.api_key.get_secret_value(), max_retries=0, timeout=timeout_s)
    return AnthropicModel(named.model, provider=AnthropicProvider(anthropic_client=client))


def _openai(named: Named, timeout_s: float) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    key = named.api_key.get_secret_value()
    client = AsyncOpenAI(api_key=key, base_url=named.base_url, max_retries=0, timeout=timeout_s)
    return OpenAIChatModel(named.model, provider=OpenAIProvider(openai_client=client))
