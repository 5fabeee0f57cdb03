"""How large a request is, before it is sent: rather too large, since money and rates are kept by it."""

import json
from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings

_BYTES_OF_A_TOKEN = 3
"""English has 4 and more of UTF-8, Chinese about 3, Cyrillic 4: no text of a résumé has fewer."""
_LONGEST_ANSWER = 8_000
"""Where the request sets no limit."""


def estimate(
    messages: Sequence[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters
) -> tuple[int, int]:
    """The tokens of its texts and of the form that the answer is to have; and the most that the answer may have."""
    texts = [str(getattr(part, "content", "") or getattr(part, "args", "")) for said in messages for part in said.parts]
    texts += [getattr(said, "instructions", None) or "" for said in messages]
    texts += [json.dumps(tool.parameters_json_schema) for tool in parameters.output_tools]
    if parameters.output_object is not None:
        texts.append(json.dumps(parameters.output_object.json_schema))
    size = sum(len(text.encode(errors="replace")) for text in texts)
    return -(-size // _BYTES_OF_A_TOKEN), int((settings or {}).get("max_tokens", _LONGEST_ANSWER))
