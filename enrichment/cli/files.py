"""Candidates from JSON files. What is wrong with one is said with its name, line and column, before any is sent."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from enrichment.cli.errors import BadUsage
from enrichment.cli.output import JSON

STDIN = "-"


def read_candidate(file: str) -> JSON:
    """The one candidate of a file; `-` is standard input.

    Raises:
        BadUsage: the file is missing, not JSON, or not an object.
    """
    return _an_object(_parsed(_text(file), file), file)


def read_candidates(file: str) -> Iterator[JSON]:
    """The candidates of a file for a bulk: an object, an array of objects, or an object a line (`.ndjson`, `.jsonl`).

    Raises:
        BadUsage: as `read_candidate`.
    """
    text = _text(file)
    if file.endswith((".ndjson", ".jsonl")):
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield _an_object(_parsed(line, file, first_line=number), f"{file}:{number}")
        return
    value = _parsed(text, file)
    for candidate in value if isinstance(value, list) else [value]:
        yield _an_object(candidate, file)


def _text(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadUsage(f"{file}: is not UTF-8 text (byte {error.start})") from None
    except FileNotFoundError:
        raise BadUsage(f"{file}: there is no such file") from None
    except OSError as error:
        raise BadUsage(f"{file}: cannot be read: {error.strerror}") from None


def _parsed(text: str, file: str, first_line: int = 1) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        raise BadUsage(f"{file}:{line}:{error.colno}: is not JSON: {error.msg}") from None
    except ValueError as error:
        raise BadUsage(f"{file}: is not usable JSON: {error}") from None
    except RecursionError:
        raise BadUsage(f"{file}: is nested too deep") from None


def _without_doubles(pairs: list[tuple[str, Any]]) -> JSON:
    """An object that says a thing twice would lose one of the two without a word."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the key {doubled!r} twice")
    return dict(pairs)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON value")


def _an_object(value: Any, where: str) -> JSON:
    if isinstance(value, dict):
        return value
    raise BadUsage(f"{where}: holds {_NAMES[type(value)]}, where a candidate (a JSON object) is expected")


_NAMES = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}
