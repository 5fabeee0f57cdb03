"""Prices, from the table that pydantic-ai itself uses. It is loaded with the first question: rules never ask."""

from decimal import Decimal


def cost(
    provider: str,
    model: str,
    input_tokens: int,
    output_tokens: int,
    *,
    cache_read_tokens: int = 0,
    cache_write_tokens: int = 0,
) -> Decimal | None:
    """What these tokens cost, in US dollars; None for a model whose price nobody knows, which is never free.

    `input_tokens` are all of them; what the provider has read from or written to its own cache has another price.
    """
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read_tokens,
        cache_write_tokens=cache_write_tokens,
    )
    try:
        return calc_price(usage, model_ref=model, provider_id=provider).total_price
    except (LookupError, ValueError):  # a model that is not in the table; numbers that contradict each other
        return None
