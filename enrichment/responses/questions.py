"""What makes two questions to a model the same: the tenant, the candidate, the words, the model and its parameters."""

import hashlib
import hmac
import json
from typing import Any

_DOMAIN = b"enrichment response"


def key_of(secret: bytes, tenant: str, candidate_id: str | None, question: Any) -> bytes:
    """32 bytes, from which nobody can tell what was asked.

    `question` is JSON without times and ids, which differ each time. The candidate is part of the key though the words
    speak of nobody: a response belongs to one candidate, and is erased with it.
    """
    asked = json.dumps([tenant, candidate_id, question], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(hmac.digest(secret, _DOMAIN, hashlib.sha256), asked.encode(), hashlib.sha256)
