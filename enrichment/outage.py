"""What the product goes on without: the log tells when it goes away and when it is back, and nothing in between."""

import logging
import time
from typing import Any

from enrichment.events import OUTAGE_OVER, LogEvent

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
