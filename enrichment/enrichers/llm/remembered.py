"""Paid once: before a model is asked, its answer to the same question is looked for; before it is used, it is kept.

This is the outermost layer, so that an answer from the store neither waits for the provider's limits nor costs
anything. Also the answer of a repair turn is kept: a job that died anywhere reads on where it was.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from enrichment.db import Database
from enrichment.enrichers.base import Asker
from enrichment.enrichers.llm import purse
from enrichment.enrichers.llm.purse import Purse
from enrichment.enrichers.llm.sizes import estimate
from enrichment.enrichers.llm.spent import Request
from enrichment.errors import StorageUnavailable
from enrichment.events import DATABASE_LOST
from enrichment.responses import questions, store
from enrichment.responses.store import LEASE, RESERVED, Kept, Question
from enrichment.spending import budgets
from enrichment.spending.budgets import Reservation

LOOK_AGAIN_S = 0.2
"""How often one who waits for another's answer looks for it."""
STORE_AGAIN_S = 0.5
_WORDS = frozenset({"content", "args"})
_SAID = frozenset({"kind", "parts", "part_kind", "tool_name", "instructions"}) | _WORDS
"""The fields of a message that a model reads; the others are times, ids and what a response cost."""
_RESPONSE = TypeAdapter[ModelResponse](ModelResponse)

log = logging.getLogger(__name__)


class Memory:
    """Where the answers of one enrichment are looked for and kept, and the record of its requests."""

    def __init__(
        self,
        database: Database,
        secret: bytes,
        ttl: timedelta,
        asker: Asker,
        purse: Purse,
        prompt_version: str,
        *,
        refresh: bool,
    ) -> None:
        self._database = database
        self._secret = secret
        self._ttl = ttl
        self._asker = asker
        self._purse = purse
        self._prompt_version = prompt_version
        self._refresh = refresh
        self._keys: list[bytes] = []
        self.requests: list[Request] = []
        """Each request of this enrichment that was answered, in order."""

    def question(self, model: str, asked: Any) -> Question:
        """What is asked of `model`, under its key."""
        asker = self._asker
        identity = [self._prompt_version, model, asked]
        key = questions.key_of(self._secret, asker.tenant, asker.candidate_id, identity)
        return Question(
            key,
            asker.tenant,
            asker.candidate_id,
            asker.job_id,
            asker.run,
            model,
            self._prompt_version,
            refresh=self._refresh,
        )

    async def look(self, question: Question) -> Kept | None:
        """The answer, if one is kept; waits while somebody else is asking. None: the question is reserved for us."""
        while True:
            found = await store.reserve(self._database, question, self._ttl)
            if isinstance(found, Kept):
                self._keys.append(question.key)
                return found
            if found == RESERVED:
                return None
            await asyncio.sleep(LOOK_AGAIN_S)

    @contextlib.asynccontextmanager
    async def asking(self, question: Question, input_tokens: int, output_tokens: int) -> AsyncIterator[Reservation]:
        """Holds the question, and the money for it, while the block asks it; gives both back if that fails."""
        renewing = asyncio.create_task(self._renew(question), name="renew lease")
        reservation = budgets.UNLIMITED
        try:
            reservation = await self._purse.reserve(question.model, input_tokens, output_tokens)
            yield reservation
        except BaseException:
            with contextlib.suppress(StorageUnavailable):
                await asyncio.shield(self._give_back(question, reservation))
            raise
        finally:
            renewing.cancel()

    async def keep(self, question: Question, response: ModelResponse, reservation: Reservation) -> None:
        """Settles and stores what was paid for, as soon as the database answers. A cancel waits for it, for a second.

        Settled first: where a process dies in between, the answer is paid again, and both payments are counted.
        """

        async def keeping() -> None:
            await _until_stored(lambda: self._purse.settle(question.model, response.usage, reservation))
            written = _storable(_RESPONSE.dump_python(response, mode="json"))
            await _until_stored(lambda: store.store(self._database, question, written, self._ttl))

        storing = asyncio.create_task(keeping(), name="keep answer")
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError:
            await asyncio.wait({storing}, timeout=1)
            storing.cancel()
            raise
        self._keys.append(question.key)

    async def reused(self, question: Question, response: ModelResponse) -> None:
        """Counts an answer that another job has paid for."""
        await self._purse.settle(question.model, response.usage, budgets.UNLIMITED, is_reused=True)

    async def disown(self) -> None:
        """The answers were of no use: the next attempt asks anew."""
        with contextlib.suppress(StorageUnavailable):
            await store.discard(self._database, self._keys)

    async def _give_back(self, question: Question, reservation: Reservation) -> None:
        await asyncio.gather(store.release(self._database, question), self._purse.release(reservation))

    async def _renew(self, question: Question) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            with contextlib.suppress(StorageUnavailable):
                await store.renew(self._database, question)


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
            if not kept.is_own:
                await self._memory.reused(question, response)
            self._note(response, cached=not kept.is_own)
            return response
        asked, answered = estimate(messages, model_settings)
        async with self._memory.asking(question, asked, answered) as reservation:
            response = await self.wrapped.request(messages, model_settings, model_request_parameters)
        await self._memory.keep(question, response, reservation)
        self._note(response, cached=False)
        return response

    def _note(self, response: ModelResponse, *, cached: bool) -> None:
        used = response.usage
        self._memory.requests.append(
            Request(
                used.input_tokens,
                used.output_tokens,
                purse.cost_of(self._name, used),
                usage_reported=purse.is_reported(used),
                cached=cached,
            )
        )


async def _until_stored(write: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await write()
        except StorageUnavailable as error:
            log.warning("Holding an answer until the database answers", extra=DATABASE_LOST.fields(error=error))
            await asyncio.sleep(STORE_AGAIN_S)


def _asked(messages: list[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters) -> Any:
    tools = [[tool.name, tool.description, tool.parameters_json_schema] for tool in parameters.output_tools]
    said = [_said(message) for message in ModelMessagesTypeAdapter.dump_python(messages, mode="json")]
    return [said, tools, dict(sorted((settings or {}).items()))]


def _said(node: Any) -> Any:
    """A message without what differs each time."""
    if isinstance(node, list):
        return [_said(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: value if name in _WORDS else _said(value) for name, value in node.items() if name in _SAID}


def _storable(node: Any) -> Any:
    """JSON that PostgreSQL can hold: NUL is the one character that it cannot."""
    if isinstance(node, str):
        return node.replace("\0", "")
    if isinstance(node, list):
        return [_storable(item) for item in node]
    return {name: _storable(value) for name, value in node.items()} if isinstance(node, dict) else node
