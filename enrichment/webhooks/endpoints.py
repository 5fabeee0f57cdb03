"""The table of the endpoints, and each statement on it."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Row, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from enrichment.db import Database
from enrichment.ids import new_id
from enrichment.tables import Base

SECRET_BYTES = 32


class EndpointRow(Base):
    """Where a tenant wants to be told. After a rotation the secret before signs too, until `previous_until`."""

    __tablename__ = "enrichment_webhook"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    url: Mapped[str]
    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        UniqueConstraint("tenant", "url", name="webhook_url_once"),
        CheckConstraint("tenant <> ''", name="webhook_has_tenant"),
    )


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: str
    tenant: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    """Those that sign, the newest first; in the form of Standard Webhooks, `whsec_…`."""
    created_at: datetime


_COLUMNS = """
    id, tenant, url, secret, CASE WHEN previous_until > now() THEN previous_secret END AS previous_secret, created_at
"""
_FIND = text("SELECT id FROM enrichment_webhook WHERE tenant = :tenant AND url = :url")
_COUNT = text("SELECT count(*) FROM enrichment_webhook WHERE tenant = :tenant")
_GET = text(f"SELECT {_COLUMNS} FROM enrichment_webhook WHERE id = :id")  # noqa: S608 constants of ours, as below
_ADD = text(f"""
    INSERT INTO enrichment_webhook (id, tenant, url, secret) VALUES (:id, :tenant, :url, :secret)
    ON CONFLICT (tenant, url) DO UPDATE SET url = excluded.url
    RETURNING {_COLUMNS}
""")  # noqa: S608
_EVERY = text(f"SELECT {_COLUMNS} FROM enrichment_webhook ORDER BY tenant, url")  # noqa: S608
_ROTATE = text(f"""
    UPDATE enrichment_webhook
    SET previous_secret = secret, previous_until = now() + CAST(:overlap AS interval), secret = :secret
    WHERE id = :id
    RETURNING {_COLUMNS}
""")  # noqa: S608


async def find(database: Database, tenant: str, url: str) -> str | None:
    """The id of the endpoint; None where the URL is not registered."""
    found: str | None = (await database.execute(_FIND, {"tenant": tenant, "url": url})).scalar()
    return found


async def count(database: Database, tenant: str) -> int:
    return int((await database.execute(_COUNT, {"tenant": tenant})).scalar_one())


async def get(database: Database, endpoint_id: str) -> Endpoint | None:
    row = (await database.execute(_GET, {"id": endpoint_id})).first()
    return None if row is None else _endpoint(row)


async def add(database: Database, tenant: str, url: str) -> Endpoint:
    """Registers the URL with a new secret; one that is registered stays as it is."""
    parameters = {"id": new_id(), "tenant": tenant, "url": url, "secret": _new_secret()}
    return _endpoint((await database.execute(_ADD, parameters)).one())


async def every(database: Database) -> list[Endpoint]:
    return [_endpoint(row) for row in await database.execute(_EVERY)]


async def rotate(database: Database, endpoint_id: str, overlap: timedelta) -> Endpoint | None:
    """Gives the endpoint a new secret; for the time of the overlap both sign. None: there is no such endpoint."""
    parameters = {"id": endpoint_id, "secret": _new_secret(), "overlap": overlap}
    row = (await database.execute(_ROTATE, parameters)).first()
    return None if row is None else _endpoint(row)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _endpoint(row: Row[Any]) -> Endpoint:
    signing = tuple(secret for secret in (row.secret, row.previous_secret) if secret)
    return Endpoint(row.id, row.tenant, row.url, signing, row.created_at)
