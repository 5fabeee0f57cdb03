"""Places in the JSON as submitted, as RFC 6901 pointers, and the texts that stand there."""

import re
from dataclasses import dataclass

LONGEST_TEXT = 20_000
"""Characters of one text that are read; more is no résumé, and time must stay bounded."""
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def escape(key: str) -> str:
    """An object's key as a pointer's reference token (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def parts(pointer: str) -> list[str]:
    """The keys and indexes that a pointer other than `""` goes by, as they stand in the document."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def resolve(document: object, pointer: str) -> object:
    """The value that `pointer` names in `document`; `""` is the document itself.

    Raises:
        LookupError: the pointer leads nowhere.
    """
    if pointer == "":
        return document
    if not pointer.startswith("/"):
        raise LookupError("a pointer is empty or starts with a slash")
    value = document
    for part in parts(pointer):
        if isinstance(value, dict):
            value = value[part]
        elif isinstance(value, list) and _INDEX.fullmatch(part):
            value = value[int(part)]
        else:
            raise LookupError("the pointer goes on below a value that has no such part")
    return value


def as_text(value: object) -> str | None:
    """A JSON string as it is, a number as its digits, anything else `None`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return str(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return None


@dataclass(frozen=True, slots=True)
class Text:
    """A text exactly as submitted, never blank, and where it stands."""

    value: str
    pointer: str
