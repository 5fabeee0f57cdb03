"""A shorter candidate for a model that cannot take the whole one."""

from typing import Any

LONGEST_TEXT, MOST_ITEMS = 400, 12


def shortened(value: Any) -> Any:
    """JSON with long texts and lists cut at their ends, so that every pointer still leads to the same place."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT].rsplit(" ", 1)[0] + " …"
    if isinstance(value, list):
        return [shortened(item) for item in value[:MOST_ITEMS]]
    return {name: shortened(item) for name, item in value.items()} if isinstance(value, dict) else value
