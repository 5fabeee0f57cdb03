"""What the product goes on without: the log tells when it goes away and when it is back, and nothing in between."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from enrichment.errors import StorageUnavailable
from enrichment.events import DATABASE_LOST, OUTAGE_OVER, LogEvent

T = TypeVar("T")

STORE_AGAIN_S = 0.5

log = logging.getLogger(__name__)


class Outage:
    """Whether something is away. `sentence` says what that means; `fields` are those of both lines."""

    def __init__(self, event: LogEvent, sentence: str, **fields: Any) -> None:
        self._event = event
        self._sentence = sentence
        self._fields = fields
        self._since: float | None = None

    def begin(self, error: Exception | None = None) -> None:
        """It does not answer. Said the first time only: whoever asks again each second would fill the log."""
        if self._since is None:
            self._since = time.monotonic()
            log.warning(self._sentence, extra=self._event.fields(error=error, **self._fields))

    def end(self) -> None:
        """It answers."""
        if self._since is not None:
            seconds, self._since = round(time.monotonic() - self._since, 1), None
            over = OUTAGE_OVER.fields(kind=self._event.name, seconds=seconds, **self._fields)
            log.info("Over: %s", self._sentence, extra=over)


async def until_stored(store: Callable[[], Awaitable[T]], sentence: str, **fields: Any) -> T:
    """Stores what is in hand as soon as the database answers: it may have been paid for. `sentence` is for the log."""
    outage = Outage(DATABASE_LOST, sentence, **fields)
    while True:
        try:
            stored = await store()
        except StorageUnavailable as error:
            outage.begin(error)
            await asyncio.sleep(STORE_AGAIN_S)
        else:
            outage.end()
            return stored
