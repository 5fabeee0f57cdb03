"""Walks a result: finds its statements, and makes it anew without some of them."""

from collections.abc import Callable, Iterator
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


def statements(node: object, pointer: str = "") -> Iterator[tuple[str, Statement[Any]]]:
    """Every statement below `node`, with its place in the result's JSON."""
    return _all(Statement, node, pointer)


def engagements(result: BaseModel) -> Iterator[tuple[str, Engagement]]:
    """Every position that a result tells of, with its place in the result's JSON."""
    return _all(Engagement, result, "")


def _all(wanted: type[M], node: object, pointer: str) -> Iterator[tuple[str, M]]:
    if isinstance(node, wanted):
        yield pointer, node
        return
    for name, part in _parts(node):
        if isinstance(part, BaseModel | tuple):
            yield from _all(wanted, part, f"{pointer}/{name}")


def _parts(node: object) -> Iterator[tuple[str | int, object]]:
    """What stands in a model or in a list, by its name in JSON."""
    if isinstance(node, tuple):
        yield from enumerate(node)
    elif isinstance(node, BaseModel):
        for name, alias in _fields(type(node)):
            yield alias, getattr(node, name)


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
