"""The wire: each request is streamed: progress moves while a model writes, and a cancel closes the connection."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from pydantic import TypeAdapter
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage, ModelResponse, PartDeltaEvent, ToolCallPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from enrichment import guard
from enrichment.enrichers.llm import failures

TELL_EVERY_S = 0.5
_RESPONSE = TypeAdapter[ModelResponse](ModelResponse)

Listen = Callable[[int], Awaitable[None]]
"""Is told, now and then, in how many pieces the answer has come so far. The first piece is told at once, as 1."""


class Streamed(WrapperModel):
    """Raises the product's errors only. `timeout_s` bounds a request from its first byte to its last."""

    def __init__(self, wrapped: Model, name: str, timeout_s: float, listen: Listen) -> None:
        super().__init__(wrapped)
        self._name = name
        self._timeout_s = timeout_s
        self._listen = listen

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._read(messages, model_settings, model_request_parameters)
        except Exception as error:
            told = failures.told(error, self._name)
            if told is None:
                raise
        raise told

    async def _read(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> ModelResponse:
        pieces, tell_at = 0, 0.0
        async with self.wrapped.request_stream(messages, settings, parameters) as stream:
            async for event in stream:
                pieces += isinstance(event, PartDeltaEvent) or not pieces
                if time.monotonic() >= tell_at:
                    tell_at = time.monotonic() + TELL_EVERY_S
                    await self._listen(pieces)
            response = stream.get()
        if _broke_off(response):
            raise ModelAPIError(self._name, "the stream ended early")
        return _cleaned(response)


def _broke_off(response: ModelResponse) -> bool:
    """Whether the stream ended before the answer did. Some servers never say that an answer is whole."""
    if (response.provider_details or {}).get("finish_reason"):
        return False
    return not response.tool_calls or not all(map(_is_whole, response.tool_calls))


def _is_whole(call: ToolCallPart) -> bool:
    try:
        call.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError):  # as it says
        return False
    return True


def _cleaned(response: ModelResponse) -> ModelResponse:
    """The answer without characters that nobody sees or that cannot be stored: it is vetted like what people submit."""
    return _RESPONSE.validate_python(guard.cleaned(_RESPONSE.dump_python(response, mode="python")))
