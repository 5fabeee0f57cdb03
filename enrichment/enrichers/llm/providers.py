"""The provider's own client for each model of the chain. It retries nothing: Temporal owns the attempts."""

from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from enrichment.enrichers.llm.naming import Named


def connect(named: Named, timeout_s: float) -> Model:
    """Opens no connection yet. `timeout_s` bounds each wait for the server; the whole request is bounded above it."""
    key = named.api_key.get_secret_value()
    if named.provider == "anthropic":
        client = AsyncAnthropic(api_key=key, max_retries=0, timeout=timeout_s)
        return AnthropicModel(named.model, provider=AnthropicProvider(anthropic_client=client))
    openai = AsyncOpenAI(api_key=key, base_url=named.base_url, max_retries=0, timeout=timeout_s)
    return OpenAIChatModel(named.model, provider=OpenAIProvider(openai_client=openai))
