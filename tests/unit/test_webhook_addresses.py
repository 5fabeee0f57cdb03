"""Which addresses a webhook may call, in every spelling that a system understands."""

import ipaddress

import pytest

from enrichment.hosts import Address
from enrichment.webhooks import addresses
from enrichment.webhooks.addresses import Refused

PRIVATE = (
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://10.0.0.8/",
    "https://172.16.3.4/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.0.2.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://[::ffff:10.0.0.8]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[ff02::1]/",
)
NO_URLS = (
    "",
    "example.com/jobs",
    "ftp://example.com/",
    "file:///etc/passwd",
    "https://",
    "https://user:word@example.com/",
    "https://example.com:99999/",
    "https://[::1",
    "https://example.com/a b",
    "https://example.com/\n",
    "https://exämple.com/",
    "http://example.com/",
    "http://127.0.0.1:80/",
    f"https://example.com/{'a' * 2_000}",
    "https://a..example.com/",
    "https://.example.com/",
    "https://./",
    f"https://{'a' * 64}.example.com/",
)


@pytest.mark.parametrize("url", [*PRIVATE, *NO_URLS])
def test_what_may_not_be_called(url: str) -> None:
    with pytest.raises(Refused):
        addresses.check_url(url, allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com/jobs?a=b", "example.com", 443),
        ("https://example.com:8443/", "example.com", 8443),
        ("https://1.1.1.1/", "1.1.1.1", 443),
        ("https://example.com./", "example.com.", 443),
        (f"https://{'a' * 63}.xn--exmple-cua.com/", f"{'a' * 63}.xn--exmple-cua.com", 443),
        ("https://[2606:4700:4700::1111]/", "2606:4700:4700::1111", 443),
    ],
)
def test_what_may_be_called(url: str, host: str, port: int) -> None:
    assert addresses.check_url(url, allow_loopback=False) == (host, port)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/"])
def test_this_machine_where_it_is_allowed(url: str) -> None:
    assert addresses.check_url(url, allow_loopback=True)[1] == 8080
    with pytest.raises(Refused, match="must be https"):
        addresses.check_url(url, allow_loopback=False)


@pytest.mark.parametrize("url", ["http://10.0.0.8/", "https://10.0.0.8/", "http://example.com/"])
def test_no_other_machine_where_this_one_is_allowed(url: str) -> None:
    with pytest.raises(Refused):
        addresses.check_url(url, allow_loopback=True)


async def test_a_name_is_looked_up_when_it_is_registered() -> None:
    async def pointing_inside(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("10.0.0.8")]

    async def unknown(host: str, port: int) -> list[Address]:
        raise OSError

    with pytest.raises(Refused, match="not public"):
        await addresses.check("https://internal.example/", allow_loopback=False, resolver=pointing_inside)
    await addresses.check("https://later.example/", allow_loopback=False, resolver=unknown)
