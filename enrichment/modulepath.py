"""Which modules this process loads: `api`, `worker`, `workflows` and `activities` are common names.

A command line is run from any directory, and Python looks there first. It must never load, let alone run, a folder
named `api` that happens to lie there.
"""

import importlib.util
import runpy
import sys
from pathlib import Path

from enrichment import heap

ROOT = Path(__file__).resolve().parents[1]
"""Where `enrichment` and the packages beside it are: a checkout, or `site-packages`."""
OURS = ("enrichment", "workflows", "activities", "api", "worker")


class ForeignPackageError(Exception):
    """One of our packages would come from elsewhere; the message says from where."""


def leave_out_current_directory() -> None:
    """Takes back what `python -m` puts first on the path; this project's own place stays on it."""
    if not sys.flags.safe_path and sys.path and Path(sys.path[0] or ".").resolve() == Path.cwd():
        del sys.path[0]
    if not any(Path(entry).resolve() == ROOT for entry in sys.path if entry):
        sys.path.append(str(ROOT))


def require_ours() -> None:
    """Call it before any of `OURS` is loaded.

    Raises:
        ForeignPackageError: one of them is not this project's.
    """
    for name in OURS:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin) if spec and spec.origin else None
        if origin is None or origin.resolve().parent != ROOT / name:
            raise ForeignPackageError(
                f"The package `{name}` would be loaded from {origin or 'nowhere'}, not from {ROOT / name}.\n"
                "Another package of this name comes first on Python's path; is PYTHONPATH set?"
            )


def run(package: str) -> None:
    """Runs `package` as `python -m` would; it reads the environment and ends the process when it likes.

    Raises:
        ForeignPackageError: it, or one that it may load, is not this project's; nothing is run.
    """
    require_ours()
    sys.argv = [package]
    heap.load()  # `package` says when it is ready to work
    runpy.run_module(package, run_name="__main__", alter_sys=True)
