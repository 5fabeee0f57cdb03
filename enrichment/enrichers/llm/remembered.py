"""Paid once: before a model is asked, its answer to the same question is looked for; before it is used, it is kept.

This is the outermost layer, so that an answer from the store neither waits for the provider's limits nor costs
anything. Also the answer of a repair turn is kept: a job that died anywhere reads on where it was.
"""

from typing import Any

from pydantic import TypeAdapter
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from enrichment.enrichers.llm.memory import Memory
from enrichment.enrichers.llm.sizes import estimate

_WORDS = frozenset({"content", "args"})
_SAID = frozenset({"kind", "parts", "part_kind", "tool_name", "instructions"}) | _WORDS
"""The fields of a message that a model reads; the others are times, ids and what a response cost."""
_RESPONSE = TypeAdapter[ModelResponse](ModelResponse)


class Remembered(WrapperModel):
    def __init__(self, wrapped: Model, name: str, memory: Memory) -> None:
        super().__init__(wrapped)
        self._name = name
        self._memory = memory

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        question = self._memory.question(self._name, _asked(messages, model_settings, model_request_parameters))
        kept = await self._memory.look(question)
        if kept is not None:
            response = _RESPONSE.validate_python(kept.response)
            await self._memory.reuse(question, response.usage, is_own=kept.is_own)
            return response
        size = estimate(messages, model_settings, model_request_parameters)
        async with self._memory.asking(question, *size) as reservation:
            response = await self.wrapped.request(messages, model_settings, model_request_parameters)
        answer = _RESPONSE.dump_python(response, mode="json")
        await self._memory.keep(question, answer, response.usage, reservation)
        return response


def _asked(messages: list[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters) -> Any:
    form: list[Any] = [[tool.name, tool.description, tool.parameters_json_schema] for tool in parameters.output_tools]
    if parameters.output_object is not None:
        form.append(parameters.output_object.json_schema)
    said = [_said(message) for message in ModelMessagesTypeAdapter.dump_python(messages, mode="json")]
    return [said, form, dict(sorted((settings or {}).items()))]


def _said(node: Any) -> Any:
    """A message without what differs each time."""
    if isinstance(node, list):
        return [_said(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: value if name in _WORDS else _said(value) for name, value in node.items() if name in _SAID}
