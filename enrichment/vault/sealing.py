"""A candidate's key, and what it makes of what is stored: JSON becomes one text, of a result all but what SQL reads.

No candidate, response or edit is a text as JSON, and no document begins with NUL: what is sealed is known by its shape.
Everything is compressed first, since PostgreSQL cannot do it afterwards.
"""

import base64
import hashlib
import json
import os
import zlib
from dataclasses import dataclass, field
from typing import Any

from enrichment.aes import Cipher
from enrichment.models import JSON

NONCE_BYTES = 12
_SEALED = "sealed"
_MARK = b"\0"
_OUTSIDE = ("provider", "model", "promptVersion", "taxonomyVersion", "usage")
"""What a sealed result says in the clear, for the statements that count and compare: nothing of it is a person's."""


@dataclass(frozen=True, slots=True)
class Key:
    """A candidate's key. Its `id` is written on all that it seals."""

    id: str
    material: bytes = field(repr=False)
    """32 random bytes."""

    def encrypt(self, content: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + Cipher(self.material).encrypt(nonce, zlib.compress(content, 1), self.id.encode())

    def decrypt(self, sealed: bytes) -> bytes:
        """Raises NotOpened where somebody has changed it."""
        nonce, data = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return zlib.decompress(Cipher(self.material).decrypt(nonce, data, self.id.encode()))


def seal(key: Key | None, value: Any) -> Any:
    """`value`, JSON that is no text, as a text; without a key as it is."""
    if key is None:
        return value
    return f"{key.id}:{base64.b64encode(key.encrypt(json.dumps(value).encode())).decode()}"


def seal_result(key: Key | None, result: JSON) -> JSON:
    """A result with its statements sealed; without a key as it is."""
    if key is None:
        return result
    outside = {name: result[name] for name in _OUTSIDE if name in result}
    score = (result.get("faithfulness") or {}).get("score")
    inside = {name: value for name, value in result.items() if name not in outside}
    return {**outside, "faithfulness": {"score": score}, _SEALED: seal(key, inside)}


def seal_bytes(key: Key | None, content: bytes) -> bytes:
    """Bytes that do not begin with NUL, sealed; without a key as they are."""
    return content if key is None else b"".join((_MARK, key.id.encode(), b":", key.encrypt(content)))


def mixed(key: Key | None, hashed: str | None) -> str | None:
    """A hash of a candidate's data that is worth nothing without the key; without a key as it is.

    Equal data of two candidates is not seen to be equal any more: one's result is never the other's.
    """
    if key is None or hashed is None:
        return hashed
    return hashlib.blake2b(hashed.encode(), key=key.material, digest_size=16).hexdigest()


def key_id(stored: Any) -> str | None:
    """Of the key that a text or bytes are sealed under; None: this is not sealed."""
    if isinstance(stored, str):
        return stored.partition(":")[0]
    if isinstance(stored, bytes) and stored.startswith(_MARK):
        return stored[1:].partition(b":")[0].decode()
    return None


def unseal(key: Key, stored: str | bytes) -> Any:
    """What `seal` or `seal_bytes` has sealed under this key.

    Raises:
        NotOpened, ValueError, zlib.error: somebody has changed it.
    """
    if isinstance(stored, bytes):
        return key.decrypt(stored.partition(b":")[2])
    return json.loads(key.decrypt(base64.b64decode(stored.partition(":")[2])))


def inside(result: JSON | None) -> str | None:
    """The sealed part of a result."""
    return None if result is None else result.get(_SEALED)


def whole(result: JSON, opened: JSON | None) -> JSON | None:
    """A result whose sealed part was opened; None where it could not be."""
    return None if opened is None else {name: value for name, value in result.items() if name != _SEALED} | opened
