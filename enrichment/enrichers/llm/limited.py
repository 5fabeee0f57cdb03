"""The provider's limits: a request goes out when the model may be asked, and not before.

A job that may not ask yet is put off: it gives its slot back, it has used no attempt, and its row says when it comes
again. The critical band comes first, the others one after the other, each job a little apart from the next.
"""

import asyncio
import random
import time
from datetime import timedelta

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from enrichment import queues
from enrichment.enrichers.llm.cooldown import SOMEBODY_ASKS, Cooldown
from enrichment.enrichers.llm.rates import Rates
from enrichment.enrichers.llm.sizes import estimate
from enrichment.errors import CoolingDown, EnrichmentError, ProviderRateLimited

WITHOUT_RETRY_AFTER = timedelta(seconds=15)
"""The pause after a refusal that names none."""
SHORTEST = timedelta(seconds=1)
PATIENCE_S = 2.0
"""A wait so short is spent in the slot."""
BETWEEN_BANDS_S, JITTER_S = 0.3, 0.25
_LOOK_AGAIN_S = 0.1


class Limits:
    """The limits of one model: what it has asked for, and what the settings allow."""

    def __init__(self, name: str, cooldown: Cooldown, rates: Rates) -> None:
        self.cooldown = cooldown
        self._name = name
        self._rates = rates

    async def enter(self, priority: int, tokens: int) -> None:
        """Returns when the model may be asked.

        Raises:
            CoolingDown: that is longer from now than one waits in a slot; `retry_after` says how long.
        """
        leaves_at = time.monotonic() + PATIENCE_S
        while (wait := await self._wait_s(tokens)) and time.monotonic() + wait < leaves_at:  # noqa: ASYNC110 others decide
            await asyncio.sleep(wait)
        if wait:
            raise self.put_off(max(timedelta(seconds=wait), SHORTEST), priority)

    def put_off(self, wait: timedelta, priority: int) -> CoolingDown:
        """`priority` decides who comes first afterwards."""
        band = list(queues.BY_BAND).index(queues.queue_of(priority).band)
        apart = timedelta(seconds=BETWEEN_BANDS_S * band + random.uniform(0, JITTER_S))  # noqa: S311 no secret
        return CoolingDown(f"The model {self._name} may not be asked yet", retry_after=wait + apart)

    async def _wait_s(self, tokens: int) -> float:
        wait = await self.cooldown.enter()
        if wait == SOMEBODY_ASKS:
            return _LOOK_AGAIN_S
        if not wait:
            wait = await self._rates.wait_s(tokens)
            if wait:
                await self.cooldown.failed()  # it is not us who find out
        return wait


class Limited(WrapperModel):
    def __init__(self, wrapped: Model, limits: Limits, priority: int) -> None:
        super().__init__(wrapped)
        self._limits = limits
        self._priority = priority

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        asked, answered = estimate(messages, model_settings, model_request_parameters)
        await self._limits.enter(self._priority, asked + min(asked, answered))  # most answers are no longer
        try:
            return await self.wrapped.request(messages, model_settings, model_request_parameters)
        except ProviderRateLimited as error:
            asked_for = WITHOUT_RETRY_AFTER if error.retry_after is None else error.retry_after
            pause = max(asked_for, SHORTEST)
            await self._limits.cooldown.cool(pause.total_seconds())
        except EnrichmentError:
            await self._limits.cooldown.failed()
            raise
        raise self._limits.put_off(pause, self._priority)
