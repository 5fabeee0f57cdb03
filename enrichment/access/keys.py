"""The table of the keys, and each statement on it. Every administrative act writes its event in the same statement."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.access.scopes import Scope, in_order
from enrichment.access.secret import NewKey
from enrichment.db import Database
from enrichment.tables import Base

USED_EVERY = timedelta(minutes=1)
"""`last_used_at` is no more exact than this."""


class KeyRow(Base):
    """One key. It is never deleted: what was done with it stays explicable."""

    __tablename__ = "enrichment_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    hash: Mapped[bytes]
    """HMAC-SHA256 of the key's text; see `enrichment.access.secret`."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    replaces: Mapped[str | None] = mapped_column(ForeignKey("enrichment_key.id"))
    """The key that it was rotated from."""

    __table_args__ = (
        CheckConstraint("octet_length(hash) = 32", name="key_hash_whole"),
        CheckConstraint("tenant <> ''", name="key_has_tenant"),
    )


class KeyEventRow(Base):
    """One administrative act on a key. A trigger refuses to change or delete it."""

    __tablename__ = "enrichment_key_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("enrichment_key.id"))
    act: Mapped[str]
    """`created`, `rotated` or `revoked`."""
    by: Mapped[str]
    """The account that did it, as the operating system names it."""
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret."""

    id: str
    tenant: str
    scopes: frozenset[Scope]
    hash: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


_CREATE = text("""
    WITH key AS (
        INSERT INTO enrichment_key (id, tenant, scopes, hash, expires_at)
        VALUES (:id, :tenant, CAST(:scopes AS text[]), :hash, now() + CAST(:lifetime AS interval))
        RETURNING *
    ), event AS (
        INSERT INTO enrichment_key_event (key_id, act, by) SELECT id, 'created', :by FROM key
    )
    SELECT * FROM key
""")
_REVOKE = text("""
    WITH key AS (
        UPDATE enrichment_key SET revoked_at = now() WHERE id = :id AND revoked_at IS NULL RETURNING id
    )
    INSERT INTO enrichment_key_event (key_id, act, by) SELECT id, 'revoked', :by FROM key
    RETURNING key_id
""")
_ROTATE = text("""
    WITH former AS (
        UPDATE enrichment_key SET expires_at = least(expires_at, now() + CAST(:overlap AS interval))
        WHERE id = :former AND revoked_at IS NULL AND expires_at > now()
        RETURNING id, tenant, scopes, old.expires_at - created_at AS lifetime
    ), key AS (
        INSERT INTO enrichment_key (id, tenant, scopes, hash, expires_at, replaces)
        SELECT :id, tenant, scopes, :hash, now() + lifetime, id FROM former
        RETURNING *
    ), event AS (
        INSERT INTO enrichment_key_event (key_id, act, by)
        SELECT id, 'rotated', :by FROM former UNION ALL SELECT id, 'created', :by FROM key
    )
    SELECT * FROM key
""")
_LIST = text("SELECT * FROM enrichment_key ORDER BY created_at, id")
_GET = text("SELECT * FROM enrichment_key WHERE id = :id")
_USED = text("""
    UPDATE enrichment_key SET last_used_at = now()
    WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - CAST(:every AS interval))
""")


async def create(
    database: Database, new: NewKey, hashed: bytes, tenant: str, scopes: Iterable[Scope], lifetime: timedelta, by: str
) -> Key:
    """Stores a new key. `hashed` is its text's digest; `by` names who made it."""
    parameters = {
        "id": new.id,
        "tenant": tenant,
        "scopes": list(map(str, in_order(scopes))),
        "hash": hashed,
        "lifetime": lifetime,
        "by": by,
    }
    return _key((await database.execute(_CREATE, parameters)).one())


async def rotate(
    database: Database, former: str, new: NewKey, hashed: bytes, overlap: timedelta, by: str
) -> Key | None:
    """Stores a key like `former`, which ends after `overlap`. None: there is no such key that is still valid."""
    parameters = {"former": former, "id": new.id, "hash": hashed, "overlap": overlap, "by": by}
    row = (await database.execute(_ROTATE, parameters)).first()
    return None if row is None else _key(row)


async def revoke(database: Database, key_id: str, by: str) -> bool:
    """Ends a key at once. False: there is no such key, or it was revoked before."""
    return (await database.execute(_REVOKE, {"id": key_id, "by": by})).first() is not None


async def every(database: Database) -> list[Key]:
    """All keys, the oldest first; also those that are no longer valid."""
    return [_key(row) for row in await database.execute(_LIST)]


async def get(database: Database, key_id: str) -> Key | None:
    row = (await database.execute(_GET, {"id": key_id})).first()
    return None if row is None else _key(row)


async def used(database: Database, key_id: str) -> None:
    """Notes that a key is in use, if that was not noted a moment ago."""
    await database.execute(_USED, {"id": key_id, "every": USED_EVERY})


def _key(row: Any) -> Key:
    return Key(
        row.id,
        row.tenant,
        frozenset(in_order(row.scopes)),
        row.hash,
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
    )
