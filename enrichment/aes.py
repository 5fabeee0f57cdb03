"""AES-256-GCM, loaded with the first key: 7 MB that a process without keys does without."""


class NotOpened(Exception):
    """Somebody has changed what was closed, or it belongs to something else."""


class Cipher:
    """Closes and opens under one key of 32 bytes, each nonce once. What it is `bound_to` has to be the same again."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aes: AESGCM = AESGCM(key)

    def encrypt(self, nonce: bytes, content: bytes, bound_to: bytes) -> bytes:
        return self._aes.encrypt(nonce, content, bound_to)

    def decrypt(self, nonce: bytes, closed: bytes, bound_to: bytes) -> bytes:
        """Raises NotOpened."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._aes.decrypt(nonce, closed, bound_to)
        except InvalidTag:
            raise NotOpened from None
