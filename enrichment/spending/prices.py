"""Prices, from the table that pydantic-ai itself uses. It is loaded with the first question: rules never ask."""

from decimal import Decimal


def cost(provider: str, model: str, input_tokens: int, output_tokens: int) -> Decimal | None:
    """What these tokens cost, in US dollars; None for a model whose price nobody knows, which is never free."""
    from genai_prices import Usage, calc_price

    try:
        usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
        return calc_price(usage, model_ref=model, provider_id=provider).total_price
    except LookupError:
        return None
