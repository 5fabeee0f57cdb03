"""The keys that this process knows: each is read once in `FRESH_S`, however many requests it makes."""

import asyncio
import contextlib
import hmac
import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Self

from enrichment.access import keys, secret
from enrichment.access.keys import Key
from enrichment.access.scopes import Principal
from enrichment.db import CLOSE_TIMEOUT_S, Database
from enrichment.errors import EnrichmentError, Unauthorized
from enrichment.settings import Settings

FRESH_S = 5.0
"""So long after its revocation a key may still be taken for valid, by a process that has used it before."""
MOST_KNOWN = 10_000
_NO_HASH = bytes(32)


class Keyring:
    """Tells who is behind a key. Its pool is its own, so that nobody waits for a slow query to be let in."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper
        self._known: OrderedDict[str, tuple[float, Key | None]] = OrderedDict()
        self._reading: dict[str, asyncio.Task[Key | None]] = {}
        self._noting: set[asyncio.Task[None]] = set()

    @classmethod
    def connect(cls, settings: Settings, *, application: str) -> Self:
        """Opens no connection yet: the first key does.

        Raises:
            SettingsError: there is no pepper that can be used.
        """
        database = Database.connect(settings, application=application, pool_size=2, is_walled=True)
        return cls(database, secret.pepper(settings))

    async def close(self) -> None:
        if self._noting:
            await asyncio.wait(self._noting, timeout=CLOSE_TIMEOUT_S)
        await self._database.close()

    async def authenticate(self, text: str) -> Principal:
        """Who is behind a key's text.

        Raises:
            Unauthorized: it is no key, or one that is no longer valid: the answer does not tell which.
            StorageUnavailable: the database does not answer, and this process does not know the key.
        """
        key_id = secret.id_of(text)
        if key_id is None:
            raise _refused()
        key = await self._key(key_id)
        if not hmac.compare_digest(secret.digest(self._pepper, text), key.hash if key else _NO_HASH):
            raise _refused()
        return await self.holder(key_id)

    async def holder(self, key_id: str) -> Principal:
        """Who is behind a key of which only the id is known, because its text was checked before. Raises likewise."""
        key = await self._key(key_id)
        if key is None or not key.is_valid(datetime.now(UTC)):
            raise _refused()
        return Principal(key.tenant, key.scopes, key.id)

    async def _key(self, key_id: str) -> Key | None:
        read_at, key = self._known.get(key_id, (0.0, None))
        if time.monotonic() - read_at < FRESH_S:
            return key
        reading = self._reading.get(key_id)
        if reading is None:
            reading = self._reading[key_id] = asyncio.create_task(self._read(key_id), name="read a key")
            reading.add_done_callback(lambda _: self._reading.pop(key_id))
        return await asyncio.shield(reading)

    async def _read(self, key_id: str) -> Key | None:
        key = await keys.get(self._database, key_id)
        self._known.pop(key_id, None)
        self._known[key_id] = (time.monotonic(), key)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        if key is not None and key.is_valid(datetime.now(UTC)) and _is_unnoted(key):
            noting = asyncio.create_task(self._note(key_id), name="note a key's use")
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
        return key

    async def _note(self, key_id: str) -> None:
        """Beside the request, and forgotten when it fails."""
        with contextlib.suppress(EnrichmentError):
            await keys.used(self._database, key_id)


def _is_unnoted(key: Key) -> bool:
    return key.last_used_at is None or datetime.now(UTC) - key.last_used_at > keys.USED_EVERY


def _refused() -> Unauthorized:
    return Unauthorized("The key is not valid: unknown, expired or revoked")
