"""Sends a message once, to an address that was looked at: neither redirects nor proxies lead anywhere else."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from enrichment.errors import Internal
from enrichment.events import WORK_UNFORESEEN
from enrichment.settings import Settings
from enrichment.webhooks import message
from enrichment.webhooks.addresses import Resolver
from enrichment.webhooks.deliveries import Telling
from enrichment.webhooks.lookups import Lookups

if TYPE_CHECKING:
    from enrichment.webhooks.posting import Posting

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. `status` None: nobody answered, `error` says why."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Another attempt would end the same: the receiver is gone for good, or may not be called."""
        return self.status == HTTPStatus.GONE or self.error == "refused"


class Sender:
    """It loads what speaks HTTP with its first message: 7 MB that a worker without webhooks does without."""

    def __init__(self, settings: Settings, resolver: Resolver | None = None) -> None:
        self._allow_loopback = settings.webhook_loopback
        self._resolver = resolver or Lookups()
        self._made: Posting | None = None

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    async def send(self, telling: Telling) -> Answer:
        """One attempt. It does not raise: an ending whose workflow failed would be told by nobody any more."""
        try:
            text = message.body(telling)
            headers = message.headers(telling, text, datetime.now(UTC))
            return await self._posting().post(telling.endpoint.url, text, headers)
        except Exception:
            log.exception("A webhook failed as nobody foresaw", extra=WORK_UNFORESEEN.fields(job_id=telling.job_id))
            return Answer(error=Internal.code)

    def _posting(self) -> "Posting":
        if self._made is None:
            from enrichment.webhooks.posting import Posting

            self._made = Posting(self._resolver, allow_loopback=self._allow_loopback)
        return self._made
