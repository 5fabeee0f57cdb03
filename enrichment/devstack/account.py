"""Who runs a server that refuses root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int


def unprivileged(directory: Path) -> Account | None:
    """The account for the server whose files are, or will be, in `directory`; None when we are not root to begin with.

    Files that exist keep their owner, who may have made them without root. Otherwise it is `nobody`, whom every system
    has: nothing needs to be added to it.
    """
    if os.geteuid() != 0:
        return None
    if directory.exists() and directory.stat().st_uid != 0:
        return Account(directory.stat().st_uid, directory.stat().st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)
