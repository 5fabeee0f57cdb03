"""Keys for tests, and an API that wants them."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from enrichment.access import keys, secret
from enrichment.access.scopes import ALL, Scope
from enrichment.db import Database
from enrichment.settings import Settings

PEPPER = "9tYq-3vWmZ7nKc_2RfXb5LdHs8GpJe4Aua6"


def requiring_keys(settings: Settings) -> Settings:
    return settings.model_copy(update={"api_keys_required": True, "key_pepper": SecretStr(PEPPER)})


@dataclass(frozen=True, slots=True)
class Shown:
    """A key as a caller has it."""

    id: str
    text: str

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}"}


async def a_key(
    database: Database,
    *scopes: Scope,
    tenant: str = "acme",
    lifetime: timedelta = timedelta(days=1),
) -> Shown:
    """A key with these scopes, or with all."""
    new = secret.generate()
    hashed = secret.digest(PEPPER.encode(), new.text)
    await keys.create(database, new, hashed, tenant, scopes or ALL, lifetime, "tests")
    return Shown(new.id, new.text)
