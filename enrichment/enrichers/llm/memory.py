"""The answers that were paid for, and the money for those that are not: what one enrichment asks of the database.

look ──▶ asking ──▶ keep    nobody has the answer: the question is held, the money reserved, the answer kept
   └───▶ reuse              somebody has paid for it: it is billed nothing
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

from pydantic_ai.usage import RequestUsage

from enrichment import outage
from enrichment.db import Database
from enrichment.enrichers.base import Asker
from enrichment.enrichers.llm.billing import Billing
from enrichment.errors import StorageUnavailable
from enrichment.models import JSON
from enrichment.responses import questions, store
from enrichment.responses.store import LEASE, RESERVED, Kept, Question
from enrichment.settings import Settings
from enrichment.spending.budgets import Reservation

LOOK_AGAIN_S = 0.2
"""How often one who waits for another's answer looks for it."""
CANCEL_WAITS_S = 1.0
"""How long a cancel waits for an answer that is being kept, and a failed request for its money to be given back."""

_in_hand: set[asyncio.Task[None]] = set()
"""Answers that are being kept, and money that is being given back. The event loop would let go of such a task."""


class Memory:
    """Of one enrichment. `refresh`: only an answer given since the job was submitted will do."""

    def __init__(
        self, database: Database, settings: Settings, asker: Asker, prompt_version: str, *, refresh: bool
    ) -> None:
        pepper = settings.key_pepper
        self._database = database
        self._secret = pepper.get_secret_value().encode() if pepper else b""
        self._ttl = timedelta(days=settings.response_days)
        self.asker = asker
        self._billing = Billing(database, settings, asker)
        self._prompt_version = prompt_version
        self._refresh = refresh
        self._keys: list[bytes] = []

    def question(self, model: str, asked: Any) -> Question:
        """What is asked of `model`, under its key."""
        asker = self.asker
        key = questions.key_of(self._secret, asker.tenant, asker.candidate_id, [self._prompt_version, model, asked])
        return Question(key, asker.job_id, asker.run, model, self._prompt_version, refresh=self._refresh)

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
        """Holds the question, and the money for it, while the block asks it; gives both back if that fails.

        The money also where nobody knows whether it was reserved, because the database's answer was lost.
        """
        renewing = asyncio.create_task(self._renew(question), name="renew lease")
        reservation = self._billing.reservation()
        try:
            await self._billing.reserve(reservation, question.model, input_tokens, output_tokens)
            yield reservation
        except BaseException:
            await asyncio.wait({_hold(self._give_back(question, reservation))}, timeout=CANCEL_WAITS_S)
            raise
        finally:
            renewing.cancel()

    async def keep(self, question: Question, answer: JSON, used: RequestUsage, reservation: Reservation) -> None:
        """Settles and stores what was paid for, as soon as the database answers.

        A cancel waits for a moment; then this goes on in the background, for as long as the process lives: an attempt
        that Temporal has given up is cancelled too, and the next one is to find the answer. Settled first: where a
        process dies in between, the answer is paid again, and both payments are counted.
        """

        async def keeping() -> None:
            await self._until_stored(lambda: self._billing.settle(question.model, used, reservation))
            await self._until_stored(lambda: store.store(self._database, question, answer, self._ttl))

        storing = _hold(keeping())
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError:
            await asyncio.wait({storing}, timeout=CANCEL_WAITS_S)
            raise
        self._keys.append(question.key)

    async def reuse(self, question: Question, used: RequestUsage, *, is_own: bool) -> None:
        """Counts an answer that was kept. One that this job has paid in an earlier attempt was counted then."""
        if not is_own:
            await self._billing.settle(question.model, used, Reservation(), is_reused=True)

    async def disown(self) -> None:
        """The answers were of no use: the next attempt asks anew."""
        with contextlib.suppress(StorageUnavailable):
            await store.discard(self._database, self._keys)

    async def _give_back(self, question: Question, reservation: Reservation) -> None:
        with contextlib.suppress(StorageUnavailable):  # its lease is short; later it may be another attempt's
            await store.release(self._database, question)
        await self._until_stored(lambda: self._billing.release(reservation))

    async def _renew(self, question: Question) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            with contextlib.suppress(StorageUnavailable):
                await store.renew(self._database, question)

    async def _until_stored(self, write: Callable[[], Awaitable[None]]) -> None:
        sentence = "Holding what a call has cost until the database answers"
        await outage.until_stored(write, sentence, job_id=self.asker.job_id, run=self.asker.run)


def _hold(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Does it whatever becomes of the caller."""
    task = asyncio.create_task(work, name="hold until stored")
    _in_hand.add(task)
    task.add_done_callback(_in_hand.discard)
    return task
