"""Walks a result: finds its statements, and makes it anew without some of them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from enrichment.results import Engagement, Statement

M = TypeVar("M", bound=BaseModel)
Mend = Callable[[str, Statement[Any]], Statement[Any] | None]
"""What stands at a pointer from now on; `None` where nothing can."""


def statements(node: object, pointer: str = "") -> Iterator[tuple[str, Statement[Any]]]:
    """Every statement below `node`, with its place in the result's JSON."""
    return _all(Statement, node, pointer)


def engagements(result: BaseModel) -> Iterator[tuple[str, Engagement]]:
    """Every position that a result tells of, with its place in the result's JSON."""
    return _all(Engagement, result, "")


def _all(wanted: type[M], node: object, pointer: str) -> Iterator[tuple[str, M]]:
    if isinstance(node, wanted):
        yield pointer, node
    elif isinstance(node, BaseModel):
        for name, info in type(node).model_fields.items():
            yield from _all(wanted, getattr(node, name), f"{pointer}/{info.alias or name}")
    elif isinstance(node, tuple):
        for position, item in enumerate(node):
            yield from _all(wanted, item, f"{pointer}/{position}")


def mended(node: M, mend: Mend) -> M | None:
    """The same with each statement replaced by what `mend` gives.

    A statement that is dropped leaves a gap where its field may be empty, and its list shorter; where neither is
    possible, what holds it is dropped too. `None`: nothing is left.
    """
    made = _mended(node, "", mend)
    return made if isinstance(made, type(node)) else None


def _mended(node: object, pointer: str, mend: Mend) -> object:
    if isinstance(node, Statement):
        return mend(pointer, node)
    if isinstance(node, tuple):
        items = [_mended(item, f"{pointer}/{position}", mend) for position, item in enumerate(node)]
        kept = [item for item, before in zip(items, node, strict=True) if item is not None or before is None]
        return tuple(kept) if items == list(node) else _once_each(kept)
    if isinstance(node, BaseModel):
        fields = {
            name: _mended(getattr(node, name), f"{pointer}/{info.alias or name}", mend)
            for name, info in type(node).model_fields.items()
        }
        if all(value is getattr(node, name) for name, value in fields.items()):
            return node
        try:
            return type(node).model_validate(fields)
        except ValidationError:
            return None
    return node


def _once_each(items: list[object]) -> tuple[object, ...]:
    """Two sentences that fall back to the same source are one."""
    return tuple(item for position, item in enumerate(items) if item not in items[:position])
