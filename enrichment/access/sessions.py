"""The session of the page: a cookie that stands for a key, so that no script of the page ever holds the key itself.

    key id . end, in Unix seconds . HMAC-SHA256 of both

Nothing of it is stored. It is as valid as its key: revoking the key ends its sessions.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(hours=12)


class Sessions:
    """Makes and reads the cookie's value."""

    def __init__(self, pepper: bytes) -> None:
        self._signing_key = hmac.digest(pepper, b"enrichment session", hashlib.sha256)

    def issue(self, key_id: str) -> str:
        content = f"{key_id}.{int((datetime.now(UTC) + LIFETIME).timestamp())}"
        return f"{content}.{self._signature(content)}"

    def read(self, value: str) -> str | None:
        """The key's id; None where the session has ended or was not issued by us."""
        content, _, signature = value.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return None
        key_id, _, end = content.partition(".")
        return key_id if datetime.now(UTC).timestamp() < int(end) else None

    def _signature(self, content: str) -> str:
        return hmac.new(self._signing_key, content.encode(), hashlib.sha256).hexdigest()
