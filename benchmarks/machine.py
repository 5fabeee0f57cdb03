"""Where and with what a run was made."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("temporalio", "fastapi", "uvicorn", "asyncpg", "sqlalchemy", "redis", "taskiq")
ROOT = Path(__file__).parent.parent


def describe(servers: dict[str, str], *, quick: bool) -> dict[str, Any]:
    """`servers`: the versions of what is no Python package, by name."""
    return {
        "quick": quick,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memoryGb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES} | servers,
    }


def _commit() -> str:
    """The commit, marked where files differ from it."""
    try:
        command = ("git", "describe", "--always", "--dirty", "--exclude", "*")
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
