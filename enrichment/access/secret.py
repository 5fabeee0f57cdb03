"""A key as text, and how it is kept.

    enrich_3f9a61c07b2e_Xb2…43 characters
    │      │            └─ 32 random bytes: the secret
    │      └─ the key's id, which is no secret: lists, logs and `revoke` name it
    └─ by which scanners of leaked secrets find it

Only an HMAC-SHA256 of the whole text is stored, with a pepper that is not in the database: who copies the table has
nothing. A slow hash, as for passwords, would guard secrets that people choose; these have 256 bits, and every request
would pay 226 ms instead of 3 µs.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from enrichment.settings import Settings, SettingsError

SHORTEST_PEPPER = 32
_KEY = re.compile(r"enrich_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_MAKE_ONE = (
    "make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'` and keep it out of the database"
)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; `text` is shown once and kept nowhere."""

    id: str
    text: str = field(repr=False)


def generate() -> NewKey:
    key_id = secrets.token_hex(6)
    return NewKey(key_id, f"enrich_{key_id}_{secrets.token_urlsafe(32)}")


def id_of(text: str) -> str | None:
    """The id in a key's text; None where the text cannot be a key."""
    match = _KEY.fullmatch(text)
    return match and match[1]


def pepper(settings: Settings) -> bytes:
    """The pepper of the settings.

    Raises:
        SettingsError: there is none, or one that anybody could guess.
    """
    given = settings.key_pepper.get_secret_value() if settings.key_pepper else ""
    if not given:
        raise SettingsError(f"ENRICHMENT_KEY_PEPPER is not set: {_MAKE_ONE}")
    if len(given) < SHORTEST_PEPPER or len(set(given)) < SHORTEST_PEPPER // 3:
        raise SettingsError(f"ENRICHMENT_KEY_PEPPER can be guessed: {_MAKE_ONE}")
    return given.encode()


def digest(pepper: bytes, text: str) -> bytes:
    """What is stored of a key: 32 bytes."""
    return hmac.digest(pepper, text.encode(), hashlib.sha256)
