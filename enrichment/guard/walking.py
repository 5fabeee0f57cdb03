"""Every text and every key in a candidate's JSON, with its pointer."""

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


def keys_in(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Each key with the pointer to what stands under it."""
    if isinstance(value, dict):
        for key, item in value.items():
            below = f"{pointer}/{escape(key)}"
            yield below, key
            yield from keys_in(item, below)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from keys_in(item, f"{pointer}/{position}")
