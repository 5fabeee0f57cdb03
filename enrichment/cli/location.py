"""Where the API is, and where the stack is that runs on this machine."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enrichment.cli.errors import BadUsage

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Location:
    """`source` says in a message where `url` comes from."""

    url: str
    source: str


def find(given: str | None) -> Location:
    """The API's address: what was given, else the environment's, else the running stack's, else the default.

    Raises:
        BadUsage: it is no HTTP URL.
    """
    stack = running_stack() or {}
    candidates = (
        (given, "--api"),
        (variable("ENRICHMENT_API_URL"), "ENRICHMENT_API_URL"),
        (stack.get("api"), str(stack_file(data_dir()))),
        (DEFAULT_URL, "the default"),
    )
    url, source = next((url, source) for url, source in candidates if url)
    if not url.startswith(("http://", "https://")):
        raise BadUsage(f"{url} (from {source}) is no URL of an API: write it as {DEFAULT_URL}")
    return Location(url.rstrip("/"), source)


def data_dir() -> Path:
    """Where `enrich dev` keeps its state; the same as in `enrichment.settings`, without loading all of them."""
    return Path(variable("ENRICHMENT_DATA_DIR") or ".enrich")


def stack_file(directory: Path) -> Path:
    return directory / "stack.json"


def running_stack() -> dict[str, Any] | None:
    """What `stack.json` says; None where no stack runs, or where it is not ours to read."""
    try:
        stack: dict[str, Any] = json.loads(stack_file(data_dir()).read_text())
    except (OSError, ValueError):
        return None
    return stack


def variable(name: str) -> str | None:
    """An environment variable, also from `.env`, as the settings read them; an empty one counts as none."""
    if name in os.environ:
        return os.environ[name] or None
    if not Path(".env").is_file():
        return None
    from dotenv import dotenv_values

    return dotenv_values(".env").get(name) or None
