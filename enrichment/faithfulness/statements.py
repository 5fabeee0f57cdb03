"""Walks a result: finds its statements, and makes it anew without some of them."""

from collections.abc import Callable
from functools import cache
from itertools import zip_longest
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from enrichment.results import Engagement, Statement

M = TypeVar("M", bound=BaseModel)
Mend = Callable[[str, Statement[Any], Statement[Any] | None], Statement[Any] | None]
"""What stands at a pointer from now on, given what stands there and in the draft; `None` where nothing can.

The draft's is `None` for one of a list of statements: their order says nothing.
"""

_INNER = (tuple, BaseModel)
"""What statements may stand in."""


def statements(node: object, pointer: str = "") -> list[tuple[str, Statement[Any]]]:
    """Every statement in `node`, with its place in the result's JSON."""
    return _all(Statement, node, pointer)


def engagements(result: BaseModel) -> list[tuple[str, Engagement]]:
    """Every position that a result tells of, with its place in the result's JSON."""
    return _all(Engagement, result, "")


def _all(wanted: type[M], node: object, pointer: str) -> list[tuple[str, M]]:
    found: list[tuple[str, M]] = []
    _collect(wanted, node, pointer, found)
    return found


def _collect(wanted: type[M], node: object, pointer: str, found: list[tuple[str, M]]) -> None:
    """Appends every `wanted` in `node` to `found`, with its place; it does not look inside of one."""
    if isinstance(node, wanted):
        found.append((pointer, node))
    elif isinstance(node, tuple):
        for position, part in enumerate(node):
            if isinstance(part, _INNER):
                _collect(wanted, part, f"{pointer}/{position}", found)
    elif isinstance(node, BaseModel):
        values = vars(node)
        for name, alias in _fields(type(node)):
            if isinstance(part := values[name], _INNER):
                _collect(wanted, part, f"{pointer}/{alias}", found)


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    return tuple((name, info.alias or name) for name, info in model.model_fields.items())


def mended(node: M, draft: M, mend: Mend) -> M | None:
    """The same with each statement replaced by what `mend` gives. `draft` is what `node` was made of.

    A statement that is dropped leaves a gap where its field may be empty, and its list shorter; of a list of which
    nothing is left, the draft's stands. Where a gap cannot be, what holds it is dropped too. `None`: nothing is left.
    """
    made = _mended(node, draft, "", mend)
    return made if isinstance(made, type(node)) else None


def _mended(node: object, draft: object, pointer: str, mend: Mend) -> object:
    if isinstance(node, Statement):
        return mend(pointer, node, draft if isinstance(draft, Statement) else None)
    if isinstance(node, tuple):
        drafted = draft if isinstance(draft, tuple) else ()
        items = [
            _mended(item, None if isinstance(item, Statement) else before, f"{pointer}/{position}", mend)
            for position, (item, before) in enumerate(zip_longest(node, drafted[: len(node)]))
        ]
        kept = [item for item, before in zip(items, node, strict=True) if item is not None or before is None]
        return node if items == list(node) else _once_each(kept) or drafted
    if isinstance(node, BaseModel):
        fields = {
            name: _mended(getattr(node, name), getattr(draft, name, None), f"{pointer}/{alias}", mend)
            for name, alias in _fields(type(node))
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
