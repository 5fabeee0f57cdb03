"""Gets the keys that a statement needs, and opens what it has read. Every `Database` has one."""

import logging
import os
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from enrichment import named_keys
from enrichment.aes import Cipher, NotOpened
from enrichment.errors import StorageUnavailable
from enrichment.events import SEAL_BROKEN
from enrichment.ids import new_id
from enrichment.models import JSON
from enrichment.settings import Settings
from enrichment.vault import keys, sealing
from enrichment.vault.keys import Wrapped
from enrichment.vault.sealing import NONCE_BYTES, Key

if TYPE_CHECKING:
    from enrichment.db import Database

MOST_KNOWN = 10_000
_VARIABLE = "ENRICHMENT_MASTER_KEYS"

log = logging.getLogger(__name__)


class Vault:
    """`masters` by id: the first one wraps new keys, each of them unwraps what it has wrapped. None: nothing is sealed.

    A key that was read is known for as long as 10,000 others are not used; one that seals something new is always
    asked for, so that nothing is sealed under a key that was destroyed.
    """

    def __init__(self, masters: Mapping[str, Cipher]) -> None:
        self._masters = masters
        self._known: OrderedDict[str, Key] = OrderedDict()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """With the master keys of the settings, wherever they are written."""
        written = settings.master_keys.get_secret_value() if settings.master_keys else None
        if settings.master_keys_file is not None:
            written = settings.master_keys_file.read_text()
        return cls({} if written is None else named_keys.read(written))

    @property
    def is_sealing(self) -> bool:
        return bool(self._masters)

    async def keys_of(
        self, database: "Database", tenant: str, candidate_ids: Iterable[str | None]
    ) -> Mapping[str | None, Key | None]:
        """The key of each candidate, to seal something new with; those who have none get one."""
        wanted = set(candidate_ids)
        if not self.is_sealing:
            return dict.fromkeys(wanted)
        found: dict[str | None, Key | None] = {}
        while missing := wanted - found.keys():
            for one in await keys.make(database, [self._fresh(tenant, candidate_id or "") for candidate_id in missing]):
                found[one.candidate_id or None] = self._unwrapped(one)
        return found

    async def key_of_job(self, database: "Database", job_id: str) -> Key | None:
        """The key of a job's candidate, to seal what is made of it; None where the candidate is not sealed."""
        if not self.is_sealing:
            return None
        key_id = await keys.id_of_job(database, job_id)
        return None if key_id is None else (await self._by_id(database, {key_id})).get(key_id)

    async def open_all(self, database: "Database", stored: Sequence[Any]) -> list[tuple[Any, Key | None]]:
        """Each of these with its key, opened if it was sealed; None where nobody can read it: its key is destroyed, or
        somebody has changed it. It is for who needs it to refuse that: the others of a statement are not to blame.
        """
        ids = [sealing.key_id(one) for one in stored]
        by_id = await self._by_id(database, {key_id for key_id in ids if key_id is not None})
        opened: list[tuple[Any, Key | None]] = []
        for one, key_id in zip(stored, ids, strict=True):
            key = by_id.get(key_id) if key_id else None
            opened.append((one if key_id is None else key and _opened(key, one), key))
        return opened

    async def open(self, database: "Database", stored: Any) -> Any:
        """One of them, without its key."""
        return (await self.open_all(database, [stored]))[0][0]

    async def open_results(
        self, database: "Database", stored: Sequence[JSON | None]
    ) -> list[tuple[JSON | None, Key | None]]:
        """As `open_all`, of results."""
        opened = await self.open_all(database, [sealing.inside(one) for one in stored])
        return [
            (sealing.whole(one, inside) if one is not None and sealing.inside(one) is not None else one, key)
            for one, (inside, key) in zip(stored, opened, strict=True)
        ]

    async def _by_id(self, database: "Database", key_ids: set[str]) -> dict[str, Key]:
        if unknown := key_ids - self._known.keys():
            for one in await keys.get(database, sorted(unknown)):
                self._unwrapped(one)
        by_id = {key_id: self._known[key_id] for key_id in key_ids if key_id in self._known}
        for key_id in by_id:
            self._known.move_to_end(key_id)
        return by_id

    def _fresh(self, tenant: str, candidate_id: str) -> Wrapped:
        master = next(iter(self._masters))
        key_id, nonce = new_id(), os.urandom(NONCE_BYTES)
        wrapped = self._masters[master].encrypt(nonce, os.urandom(32), _bound_to(key_id, tenant, candidate_id))
        return Wrapped(key_id, tenant, candidate_id, master, nonce + wrapped)

    def _unwrapped(self, one: Wrapped) -> Key:
        if one.id in self._known:
            return self._known[one.id]
        nonce, wrapped = one.wrapped[:NONCE_BYTES], one.wrapped[NONCE_BYTES:]
        try:
            material = self._masters[one.master].decrypt(
                nonce, wrapped, _bound_to(one.id, one.tenant, one.candidate_id)
            )
        except (KeyError, NotOpened):
            raise StorageUnavailable(
                f"{_VARIABLE} does not open a candidate's key: add the master key with the id {one.master!r} again"
            ) from None
        key = self._known[one.id] = Key(one.id, material)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return key


def _opened(key: Key, stored: str | bytes) -> Any:
    try:
        return sealing.unseal(key, stored)
    except (NotOpened, ValueError, zlib.error):
        log.exception("What is sealed in the database was changed by somebody", extra=SEAL_BROKEN.fields())
        return None


def _bound_to(key_id: str, tenant: str, candidate_id: str) -> bytes:
    return "\n".join((key_id, tenant, candidate_id)).encode()
