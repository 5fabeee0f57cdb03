"""Every text in a candidate's JSON, with its pointer."""

from collections.abc import Iterator
from typing import Any

from enrichment.pointers import escape


def texts_in(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts_in(item, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from texts_in(item, f"{pointer}/{position}")
