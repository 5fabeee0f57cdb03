"""What a reviewer says of single fields of a result, and the result that comes of it.

A field is a statement, or an entry of a list (a skill, a position). A statement can be accepted, changed or rejected,
an entry accepted or rejected. What the result says of itself, its model, its usage, its faithfulness, is no field.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from enrichment.errors import Fault, InvalidInput
from enrichment.models import JSON, Model, ReviewedField, Verdict
from enrichment.pointers import parts
from enrichment.results import Kind, Result

Path = tuple[str | int, ...]

_ABOUT_ITSELF = frozenset(field.serialization_alias or name for name, field in Result.model_fields.items())
_GONE = object()
"""Stands in a list for a rejected entry until all are found: pointers count the entries as they were."""


class Edit(Model):
    """One field of the result, by its JSON pointer: its new `value`, or whether to `accept` it as it is.

    A rejected field is left out of the approved result. A statement's pointer may end in `/value`.
    """

    pointer: str = Field(min_length=1, max_length=500, pattern="^/", strict=True)
    value: Any = None
    accept: bool | None = Field(default=None, strict=True)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.value is None) == (self.accept is None):
            raise PydanticCustomError("edit", "needs `value`, or `accept`, and not both", {"field": "value"})
        return self

    @property
    def verdict(self) -> Verdict:
        if self.accept is None:
            return Verdict.CHANGED
        return Verdict.ACCEPTED if self.accept else Verdict.REJECTED


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a field stands: `holder[key]`."""

    path: Path
    holder: Any
    key: str | int

    @property
    def content(self) -> Any:
        return self.holder[self.key]

    @property
    def is_statement(self) -> bool:
        return isinstance(self.content, dict) and self.content.keys() >= {"value", "kind", "evidence"}

    @property
    def shown(self) -> Any:
        """What a person sees of it."""
        return self.content["value"] if self.is_statement else self.content


def apply(result: JSON, shape: type[Result], edits: Sequence[Edit]) -> tuple[JSON, tuple[ReviewedField, ...]]:
    """The result with these edits, and each of them with what was there before and what is there after.

    Raises:
        InvalidInput: an edit names no field of the result, or something that the field cannot hold.
    """
    edited = deepcopy(result)
    places = _places(edited, edits)
    reviewed = tuple(_reviewed(place, edit) for place, edit in zip(places, edits, strict=True))
    for place, edit in zip(places, edits, strict=True):
        if edit.verdict is Verdict.CHANGED:
            place.holder[place.key] = place.content | {"value": edit.value, "kind": Kind.EDITED, "rule": None}
        elif edit.verdict is Verdict.REJECTED and isinstance(place.holder, dict):
            place.holder[place.key] = None
    read = _read(edited, shape, places)
    for place, edit in zip(places, edits, strict=True):
        if edit.verdict is Verdict.REJECTED and isinstance(place.holder, list):
            _holder(read, place.path)[place.key] = _GONE
    return _without_gone(read), reviewed


def _places(result: JSON, edits: Sequence[Edit]) -> list[_Place]:
    faults = list[Fault]()
    places = list[_Place]()
    for index, edit in enumerate(edits):
        try:
            places.append(_find(result, edit))
        except LookupError as error:
            faults.append(Fault(f"/edits/{index}/pointer", str(error.args[0])))
    if not faults:
        faults = [*_overlaps([place.path for place in places])]
    if faults:
        raise _refusal(faults)
    return places


def _find(result: JSON, edit: Edit) -> _Place:
    """Raises LookupError, with the reason, where the edit names no field that it can edit."""
    place, way = None, list[_Place]()
    here: Any = result
    for part in parts(edit.pointer):
        key = int(part) if isinstance(here, list) and part.isdecimal() else part
        try:
            inner = here[key]
        except (LookupError, TypeError):
            raise LookupError("leads nowhere in the result") from None
        way.append(_Place((*(way[-1].path if way else ()), key), here, key))
        here = inner
    if way[0].key in _ABOUT_ITSELF:
        raise LookupError("is what the result says of itself, and no field")
    place = way[-2] if len(way) > 1 and way[-1].key == "value" and way[-2].is_statement else way[-1]
    if any(outer.is_statement for outer in way[: way.index(place)]):
        raise LookupError("lies inside a statement: name the statement")
    if not place.is_statement and (edit.verdict is Verdict.CHANGED or not isinstance(place.holder, list)):
        raise LookupError("is no statement: only a statement, or an entry of a list without a new value, can be named")
    return place


def _overlaps(paths: Sequence[Path]) -> Iterator[Fault]:
    order = sorted(range(len(paths)), key=lambda index: [str(key) for key in paths[index]])
    for before, index in pairwise(order):
        if paths[index][: len(paths[before])] == paths[before]:
            yield Fault(f"/edits/{index}/pointer", "names a field that another edit names, or one inside of it")


def _reviewed(place: _Place, edit: Edit) -> ReviewedField:
    after = {Verdict.ACCEPTED: place.shown, Verdict.CHANGED: edit.value, Verdict.REJECTED: None}[edit.verdict]
    pointer = edit.pointer.removesuffix("/value") if place.is_statement else edit.pointer
    return ReviewedField(pointer=pointer, verdict=edit.verdict, before=place.shown, after=after)


def _read(edited: JSON, shape: type[Result], places: Sequence[_Place]) -> JSON:
    """The edited result as its type writes it; what a field cannot hold is told of the edit that says so."""
    try:
        return shape.model_validate(edited).model_dump(mode="json", by_alias=True)
    except ValidationError as error:
        wrong = [tuple(map(str, fault["loc"])) for fault in error.errors(include_url=False, include_input=False)]
    named = [
        Fault(f"/edits/{index}", "the field cannot hold this, or cannot be left out")
        for index, place in enumerate(places)
        if any(at[: len(place.path)] == tuple(map(str, place.path)) for at in wrong)
    ]
    raise _refusal(named or [Fault("/edits", "the result is of another version, and cannot be edited by this one")])


def _holder(result: JSON, path: Path) -> Any:
    here: Any = result
    for key in path[:-1]:
        here = here[key]
    return here


def _without_gone(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_gone(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_gone(inner) for inner in value if inner is not _GONE]
    return value


def _refusal(faults: Sequence[Fault]) -> InvalidInput:
    return InvalidInput("The edits do not fit the result", tuple(faults[:20]))
