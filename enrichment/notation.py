"""How settings are written. Each type is checked by the reader that will use it; what it says never quotes a secret."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr
from redis.connection import parse_url
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from enrichment import named_keys

RULES = "rules"
PROVIDERS = ("openai", "anthropic")


def names_in(text: str) -> list[str]:
    """The names of a list that is written with commas between."""
    return [name for part in text.split(",") if (name := part.strip())]


def _database_url(value: SecretStr) -> SecretStr:
    try:
        driver = make_url(value.get_secret_value()).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("is no URL of PostgreSQL: write it as postgresql://user:password@host:5432/database")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    try:
        parse_url(value.get_secret_value())  # type: ignore[no-untyped-call]
    except ValueError:
        raise ValueError("is no URL of Redis: write it as redis://:password@host:6379/0") from None
    return value


def _host_and_port(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        is_one = parts.netloc == value and bool(parts.hostname) and parts.port is not None
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError("is no host with its port: write it as 127.0.0.1:7233")
    return value


def _models(value: str) -> str:
    if value == RULES:
        return value
    for name in names_in(value) or [value]:
        provider, _, model = name.partition(":")
        if provider not in PROVIDERS or not model:
            raise ValueError(f"no enricher for {name!r}: use rules, openai:MODEL or anthropic:MODEL")
    return value


def _named_keys(value: SecretStr) -> SecretStr:
    named_keys.read(value.get_secret_value())
    return value


def _keys_file(value: Path) -> Path:
    try:
        written = value.read_text()
    except (OSError, UnicodeDecodeError):
        raise ValueError("cannot be read: name a file that holds the keys") from None
    named_keys.read(written)
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
Models = Annotated[str, AfterValidator(_models)]
NamedKeys = Annotated[SecretStr, AfterValidator(_named_keys)]
KeysFile = Annotated[Path, AfterValidator(_keys_file)]
