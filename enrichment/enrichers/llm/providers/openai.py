"""Models of OpenAI, or of a server that speaks as it does."""

from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from enrichment.enrichers.llm.naming import Named


def connect(named: Named, timeout_s: float) -> OpenAIChatModel:
    key = named.api_key.get_secret_value()
    client = AsyncOpenAI(api_key=key, base_url=named.base_url, max_retries=0, timeout=timeout_s)
    return OpenAIChatModel(named.model, provider=OpenAIProvider(openai_client=client))
