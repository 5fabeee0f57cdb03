"""Job ids: UUIDv7 in canonical lower-case text, so that ids sort by the time of their making (RFC 9562 §5.7)."""

import re
from datetime import datetime

import uuid_utils

_LOWEST = "00000000-0000-0000-0000-000000000000"
_HIGHEST = _LOWEST.replace("0", "f")
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id() -> str:
    return str(uuid_utils.uuid7())


def begins_id(text: str) -> bool:
    """Whether some id can begin with `text`."""
    return 0 < len(text) <= len(_LOWEST) and all(
        a == b if b == "-" else a in "0123456789abcdef" for a, b in zip(text, _LOWEST, strict=False)
    )


def beginning_with(text: str) -> tuple[str, str]:
    """The lowest and the highest id that begin so. Both have the shape of an id, so any collation orders them alike."""
    return text + _LOWEST[len(text) :], text + _HIGHEST[len(text) :]


def is_id(text: str) -> bool:
    """Whether `text` is an id in the one form that the product accepts."""
    return _CANONICAL.fullmatch(text) is not None


def first_id(at: datetime) -> str:
    """A text that is less than every id made at this time or later, and greater than those made before."""
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}"
