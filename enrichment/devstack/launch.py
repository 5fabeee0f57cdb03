"""The first step of every command: tie its life to the supervisor's, give up root where asked, become the server.

    python -I -S launch.py PARENT_PID DEATH_SIGNAL UID GID COMMAND ARGUMENT…      (UID and GID -1: stay who you are)

A program of its own instead of a `preexec_fn`, which can deadlock in a process that has threads. It ends in `exec`, so
the server keeps the pid that the supervisor knows.

Two things about Linux shape it:

- The death signal is forgotten when a process changes its user, so it is asked for last; `exec` keeps it. A parent that
  died before is noticed by its pid.
- PostgreSQL refuses to run as root, yet root's data directory and root's virtual environment may lie below a directory
  that nobody else can enter (`/root` has mode 700). Changing those modes is not ours to do. So the process leaves root
  but keeps one capability: to read files and pass through directories. (A container's root may have only a stronger
  one to give, which also writes.)

Other systems have neither: there a supervisor that is killed leaves its children behind.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
"""Also makes access(2) honour the capability, which PostgreSQL calls on its own binaries."""

_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _prctl(option: int, *arguments: int) -> None:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    _checked(_libc.prctl(ctypes.c_int(option), *(ctypes.c_ulong(argument) for argument in padded)), "prctl")


def _permitted() -> int:
    """The capabilities this process may use, as a bit set of the first 32."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    _checked(_libc.capget(header, sets), "capget")
    return int(sets[1])


def _keep_only(capability: int) -> None:
    """Drop every capability but one, and have `exec` pass that one on."""
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)), "capset")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _passage() -> int | None:
    """The weaker capability at hand that reads past modes: a container often grants root only the stronger one."""
    if sys.platform != "linux":
        return None
    permitted = _permitted()
    return next((each for each in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if permitted & 1 << each), None)


def _leave_root(uid: int, gid: int) -> None:
    passage = _passage()
    if passage is not None:
        try:
            _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
        except PermissionError:
            passage = None  # a confined root: ordinary rights do unless a path is closed, and the server will say so
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if passage is not None:
        _keep_only(passage)


def tie(parent: int, death_signal: int) -> None:
    """Has this process get the signal when `parent`, which started it, dies; ends it if that has happened."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")


def entitle(title: str) -> None:
    """What `top` and `ps -e` call this process; Linux shows 15 letters."""
    if sys.platform == "linux":
        letters = ctypes.create_string_buffer(title.encode())
        _prctl(_PR_SET_NAME, ctypes.addressof(letters))


def main() -> None:
    parent, death_signal, uid, gid = (int(argument) for argument in sys.argv[1:5])
    command = sys.argv[5:]
    if uid >= 0:
        _leave_root(uid, gid)
    tie(parent, death_signal)
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"cannot start {sys.argv[5]}: {error}")
