"""About how large a request is, before it is sent."""

from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage
from pydantic_ai.settings import ModelSettings

_CHARACTERS_OF_A_TOKEN = 4
_LONGEST_ANSWER = 8_000
"""Where the request sets no limit."""


def estimate(messages: Sequence[ModelMessage], settings: ModelSettings | None) -> tuple[int, int]:
    """The tokens of its texts, and the most that its answer may have."""
    characters = sum(len(str(getattr(part, "content", ""))) for message in messages for part in message.parts)
    instructions = sum(len(getattr(message, "instructions", None) or "") for message in messages)
    asked = (characters + instructions) // _CHARACTERS_OF_A_TOKEN
    return asked, int((settings or {}).get("max_tokens", _LONGEST_ANSWER))
