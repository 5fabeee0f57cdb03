"""Loopback ports: free ones, taken ones, and who listens."""

import asyncio
import errno
import os
import socket

from enrichment.devstack.errors import StackError

HOST = "127.0.0.1"
"""The only address that anything of the stack is bound to."""

POLL_S = 0.03
"""Between two looks of a probe."""


def free_ports(count: int) -> tuple[int, ...]:
    """`count` different ports that are free now. Another process may still be first to take one."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind((HOST, 0))
        return tuple(each.getsockname()[1] for each in held)
    finally:
        for each in held:
            each.close()


def free_port() -> int:
    return free_ports(1)[0]


def require_free(port: int) -> None:
    """Raise `StackError` at once when `port` cannot be listened on."""
    with socket.socket() as trial:
        # As servers do: connections of an earlier listener that linger in TIME_WAIT do not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StackError(f"port {port} of {HOST} is taken: stop what uses it, or choose another port") from None
            raise StackError(f"port {port} of {HOST} cannot be used: {os.strerror(error.errno or 0)}") from None


async def until_listening(pid: int, port: int) -> None:
    """Return once this very process listens on `port`: an answer alone may come from a stranger who won the port."""
    import psutil  # comes with the `embedded` extra, whose absence `binaries` reports

    while True:
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            connections = []
        if any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections):
            return
        await asyncio.sleep(POLL_S)
