"""A value with its place in the JSON, and what it can be read as when its shape is not the expected one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from enrichment import results
from enrichment.pointers import LONGEST_TEXT, Text, as_text, escape

MOST_ENTRIES = 500
_WRAPPERS = ("history", "items", "list", "entries", "sets")
"""Keys under which other layouts keep the list of a section: `{"employment": {"history": […]}}`."""
_ENTRY_TEXTS = ("name", "title", "text", "bullet", "description", "value", "label")
"""Where an object that stands in place of a plain string keeps its text."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its pointer. What cannot be read is left out, and `warnings` (shared by all nodes) says so."""

    value: object
    pointer: str
    warnings: list[results.Warning]

    def warn(self, code: str, message: str) -> None:
        self.warnings.append(results.Warning(code=code, pointer=self.pointer, message=message))

    def child(self, path: str) -> "Node | None":
        """What stands under `path` (keys joined by slashes), or `None` if it is absent, null or blank."""
        node: Node | None = self
        for key in path.split("/"):
            node = node.at(key) if node else None
        return node

    def at(self, key: str) -> "Node | None":
        if not isinstance(self.value, dict):
            return None
        value = self.value.get(key)
        return None if _is_blank(value) else Node(value, f"{self.pointer}/{escape(key)}", self.warnings)

    def first(self, paths: Iterable[str]) -> "Node | None":
        return next((node for path in paths if (node := self.child(path))), None)

    def own_text(self) -> Text | None:
        written = as_text(self.value)
        if written is not None and len(written) > LONGEST_TEXT:
            self.warn("text_too_long", f"Only the first {LONGEST_TEXT} characters of this text are read.")
        return Text(written, self.pointer) if written is not None and written.strip() else None

    def text(self, paths: Iterable[str]) -> Text | None:
        return first_text((self,), paths)

    def texts(self, paths: Iterable[str]) -> tuple[Text, ...]:
        node = self.first(paths)
        return node.own_texts() if node else ()

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
    wrong = None
    for node in nodes:
        for path in paths:
            if child := node.child(path):
                if text := child.own_text():
                    return text
                wrong = wrong or child
    if wrong is not None:
        wrong.warn("wrong_shape", "A text was expected here; this value is ignored.")
    return None


def _is_blank(value: object) -> bool:
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())
