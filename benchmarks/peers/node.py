"""Node's packages for the BullMQ programs: installed once, by the lock, into a folder outside the repository."""

import asyncio
import hashlib
import shutil
from pathlib import Path

SOURCES = Path(__file__).parent / "bullmq"
CACHE = Path(__file__).parents[2] / ".build" / "bullmq"
NEEDED = ("package.json", "package-lock.json")


class NotInstalled(Exception):
    """There is no Node here, or its packages cannot be had; the message says which."""


async def install() -> Path:
    """The folder with the programs and their packages.

    Raises:
        NotInstalled: the BullMQ columns have to be left out.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NotInstalled(f"there is no `{program}` on PATH")
    shutil.copytree(SOURCES, CACHE, dirs_exist_ok=True)
    wanted = hashlib.sha256(b"".join((SOURCES / name).read_bytes() for name in NEEDED)).hexdigest()
    mark = CACHE / ".installed"
    if not mark.exists() or mark.read_text() != wanted:
        # Not `npm ci`: it refuses a lock without the optional binaries of every other platform.
        command = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        process = await asyncio.create_subprocess_exec(
            *command, cwd=CACHE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        if await process.wait() != 0:
            raise NotInstalled("`npm install` failed: its packages cannot be fetched here")
        mark.write_text(wanted)
    return CACHE


async def versions() -> dict[str, str]:
    """Of Node itself and of BullMQ, once installed."""
    process = await asyncio.create_subprocess_exec("node", "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    lock = (SOURCES / "package-lock.json").read_text()
    at = lock.index('"node_modules/bullmq"')
    return {"node": output.decode().strip(), "bullmq": lock[at:].split('"version": "', 1)[1].split('"', 1)[0]}
