"""Hosts as people write them: names, and addresses in every notation that the system's own functions read."""

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def literal(host: str) -> Address | None:
    """An address written as one, also as `127.1` or `0x7f000001`. None: it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    address = literal(host)
    return host == "localhost" if address is None else address.is_loopback
