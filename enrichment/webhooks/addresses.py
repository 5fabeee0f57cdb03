"""Which addresses a webhook may call. Whoever may name a URL could otherwise have us call our own network.

A name is looked at twice: when it is registered, to say so to who registers it, and each time something is sent, when
the very address that is connected to is the one that was looked at: a name can change what it points to in between.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from enrichment.hosts import Address, is_loopback, literal

Resolver = Callable[[str, int], Awaitable[list[Address]]]
"""The addresses behind a name; OSError: there are none, or nobody answers."""

LONGEST = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """The address may not be called; the message says why, for the person who named it."""


def check_url(url: str, *, allow_loopback: bool) -> tuple[str, int]:
    """The host and port of a URL that may be called, as far as the URL itself tells.

    Raises:
        Refused: it may not.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused(f"is no URL of up to {LONGEST} plain characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # as the lookup will: it raises where a label is empty or longer than 63
    except ValueError:
        raise Refused("is no URL") from None
    if parts.scheme not in ("https", "http") or not host:
        raise Refused("must be an https URL with a host")
    if parts.username is not None or parts.password is not None:
        raise Refused("must not hold a user or a password: messages are signed instead")
    if parts.scheme == "http" and not (allow_loopback and is_loopback(host)):
        raise Refused("must be https")
    address = literal(host)
    if address is not None:
        check_address(address, allow_loopback=allow_loopback)
    return host, port or (443 if parts.scheme == "https" else 80)


def check_address(address: Address, *, allow_loopback: bool) -> None:
    """Raises Refused where the address is not one of the public internet."""
    address = _unwrapped(address)
    if address.is_loopback and allow_loopback:
        return
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        raise Refused("points to an address that is not public")


async def check(url: str, *, allow_loopback: bool, resolver: Resolver) -> None:
    """Looks at a URL when it is registered. A name that nobody knows yet is let pass: it is looked at again.

    Raises:
        Refused: it may not be called.
    """
    host, port = check_url(url, allow_loopback=allow_loopback)
    try:
        addresses = await resolver(host, port)
    except OSError:
        return
    for address in addresses:
        check_address(address, allow_loopback=allow_loopback)


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
