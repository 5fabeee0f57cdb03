"""Keys as the settings write them, `id:key` with commas between: the first one encrypts, the others still decrypt."""

import base64
import binascii

from enrichment.aes import Cipher

_KEY_BYTES = 32


def read(written: str) -> dict[str, Cipher]:
    """The keys by their ids, in the order that they are written in.

    Raises:
        ValueError: they cannot be read; the message holds no key.
    """
    keys = {}
    for pair in written.split(","):
        key_id, _, encoded = pair.strip().partition(":")
        try:
            key = base64.b64decode(encoded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key_id or len(key) != _KEY_BYTES or key_id in keys:
            raise ValueError(
                "is not usable: write `id:key` with commas between, each id once, each key 32 bytes in base64; make one"
                " with `echo k1:$(openssl rand -base64 32)`"
            )
        keys[key_id] = Cipher(key)
    return keys
