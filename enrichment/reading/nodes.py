"""A value with its place in the JSON, and what it can be read as when its shape is not the expected one."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from enrichment import results
from enrichment.pointers import LONGEST_TEXT, Text, as_text, escape

MOST_ENTRIES = 500
_WRAPPERS = ("history", "items", "list", "entries", "sets")
"""Keys under which other layouts keep the list of a section: `{"employment": {"history": […]}}`."""
_ENTRY_TEXTS = ("name", "title", "text", "bullet", "description", "value", "label", "nom", "titre", "intitule")
"""Where an object that stands in place of a plain string keeps its text."""


@dataclass(slots=True)
class Node:
    """A value and its pointer. What cannot be read is left out, and `warnings` (shared by all nodes) says so.

    A name finds its key however that is spelt: `dateDebut`, `date_debut`, `Date début`. Names that were looked for are
    remembered, so that a node can tell what nobody has read of it.
    """

    value: object
    pointer: str
    warnings: list[results.Warning]
    _asked: set[str] = field(default_factory=set)
    _keys: dict[str, str] | None = None
    _members: dict[str, "Node"] = field(default_factory=dict)

    def warn(self, code: str, message: str) -> None:
        self.warnings.append(results.Warning(code=code, pointer=self.pointer, message=message))

    def child(self, path: str) -> "Node | None":
        """What stands under `path` (keys joined by slashes), or `None` if it is absent, null or blank."""
        node: Node | None = self
        for name, plain in _names(path):
            node = node._at(name, plain) if node else None
        return node

    def _at(self, name: str, plain: str) -> "Node | None":
        if not isinstance(self.value, dict):
            return None
        self._asked.add(plain)
        key = self._plain_keys().get(plain)
        if key is None:
            return None
        if not _is_blank(self.value.get(name)):
            key = name
        return self._member(key, self.value[key])

    def members(self) -> Iterator["Node"]:
        """All that stands in an object, under whatever keys."""
        for key, value in self._items():
            self._asked.add(_plain(key))
            yield self._member(key, value)

    def unread(self, but: Iterable[str]) -> Iterator[str]:
        """The keys under which something stands and nobody has looked, without those of the names `but`."""
        known = self._asked.union(map(_plain_name, but))
        return (key for key, _ in self._items() if _plain(key) not in known)

    def _member(self, key: str, value: object) -> "Node":
        if key not in self._members:
            self._members[key] = Node(value, f"{self.pointer}/{escape(key)}", self.warnings)
        return self._members[key]

    def _items(self) -> list[tuple[str, object]]:
        value = self.value if isinstance(self.value, dict) else {}
        return [(key, inner) for key, inner in value.items() if not _is_blank(inner)]

    def _plain_keys(self) -> dict[str, str]:
        """Of two keys that differ in their spelling alone the first counts."""
        if self._keys is None:
            self._keys = {_plain(key): key for key, _ in reversed(self._items())}
        return self._keys

    def first(self, paths: Iterable[str]) -> "Node | None":
        return next(iter(self.all(paths)), None)

    def all(self, paths: Iterable[str]) -> list["Node"]:
        """What stands under any of `paths`. All of them count as looked for, the first that is there as the best."""
        if not isinstance(self.value, dict):
            return []
        keys, begins = self._plain_keys(), _begins(tuple(paths))
        self._asked.update(begins.values())
        found = {node.pointer: node for path, begin in begins.items() if begin in keys and (node := self.child(path))}
        return list(found.values())

    def own_text(self) -> Text | None:
        written = as_text(self.value)
        if written is not None and len(written) > LONGEST_TEXT:
            self.warn("text_too_long", f"Only the first {LONGEST_TEXT} characters of this text are read.")
        return Text(written, self.pointer) if written is not None and written.strip() else None

    def text(self, paths: Iterable[str]) -> Text | None:
        return first_text((self,), paths)

    def texts(self, paths: Iterable[str]) -> tuple[Text, ...]:
        """Every text under any of `paths`: tasks and achievements are two lists, and both are said."""
        return tuple(text for node in self.all(paths) for text in node.own_texts())

    def own_texts(self) -> tuple[Text, ...]:
        """Every text of a list; a plain string in place of the list is a list of one."""
        found = []
        for entry in self.entries():
            text = entry.own_text() or entry.text(_ENTRY_TEXTS)
            if text is not None:
                found.append(text)
            elif not isinstance(entry.value, dict):
                entry.warn("wrong_shape", "A text was expected here; this entry is ignored.")
        return tuple(found)

    def entries(self) -> Iterator["Node"]:
        """The entries of a section: of a list, of the list inside a wrapper, else the value itself as the only one."""
        if isinstance(self.value, dict) and (inner := self.first(_WRAPPERS)) and isinstance(inner.value, list):
            yield from inner.entries()
        elif isinstance(self.value, list):
            if len(self.value) > MOST_ENTRIES:
                self.warn("too_many_entries", f"Only the first {MOST_ENTRIES} entries of this list are read.")
            for position, value in enumerate(self.value[:MOST_ENTRIES]):
                if not _is_blank(value):
                    yield Node(value, f"{self.pointer}/{position}", self.warnings)
        else:
            yield self


def first_text(nodes: Iterable[Node], paths: Iterable[str]) -> Text | None:
    """The first text under any of `paths` in any of `nodes`; warns when there is something, but never a text."""
    found = [child for node in nodes for child in node.all(paths)]
    text = next((text for child in found if (text := child.own_text())), None)
    if text is None and found:
        found[0].warn("wrong_shape", "A text was expected here; this value is ignored.")
    return text


def _plain(key: str) -> str:
    """The letters and digits of a key, in lower case and without accents."""
    letters = key if key.isascii() else unicodedata.normalize("NFKD", key)
    return "".join(filter(str.isalnum, letters)).casefold()


_plain_name = cache(_plain)
"""Of our own names only: a candidate's keys are not remembered."""


@cache
def _names(path: str) -> tuple[tuple[str, str], ...]:
    """Each key of a path as it is written and plain. Of our own paths only, too."""
    return tuple((name, _plain(name)) for name in path.split("/"))


@cache
def _begins(paths: tuple[str, ...]) -> dict[str, str]:
    """The first key of each path, plain: most of what is looked for is not there."""
    return {path: _names(path)[0][1] for path in paths}


def _is_blank(value: object) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())
