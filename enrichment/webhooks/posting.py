"""A message's way over HTTP: to an address that was looked at, and neither redirects nor proxies lead anywhere else."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from enrichment.webhooks import addresses
from enrichment.webhooks.addresses import Refused, Resolver
from enrichment.webhooks.sender import Answer

TIMEOUT_S = 10.0
"""For the whole of it. A receiver is to answer first and to work then."""
LONGEST_WAIT = timedelta(hours=8)
"""A receiver may ask for this much patience, and no more."""


class Posting:
    def __init__(self, resolver: Resolver, *, allow_loopback: bool) -> None:
        transport = _Looking(resolver, allow_loopback=allow_loopback)
        self._http = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def post(self, url: str, text: str, headers: Mapping[str, str]) -> Answer:
        try:
            # As a stream: nobody reads the body, which may be anything and any length.
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._http.stream("POST", url, content=text, headers=headers) as response,
            ):
                return Answer(status=response.status_code, retry_after=_retry_after(response))
        except Refused:
            return Answer(error="refused")
        except (httpx.TimeoutException, TimeoutError):
            return Answer(error="timeout")
        except (httpx.HTTPError, OSError):
            return Answer(error="unreachable")


class _Looking(httpx.AsyncBaseTransport):
    """Connects to the address that it has looked at; the name stays that of the host, for TLS too."""

    def __init__(self, resolver: Resolver, *, allow_loopback: bool) -> None:
        self._resolver = resolver
        self._allow_loopback = allow_loopback
        self._inner = httpx.AsyncHTTPTransport(retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, port = addresses.check_url(str(request.url), allow_loopback=self._allow_loopback)
        found = await self._resolver(host, port)
        for address in found:
            addresses.check_address(address, allow_loopback=self._allow_loopback)
        request.url = request.url.copy_with(host=str(found[0]))
        request.extensions = {**request.extensions, "sni_hostname": host}
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _retry_after(response: httpx.Response) -> timedelta | None:
    """The delay that the receiver asks for, in seconds or as a date (RFC 9110, section 10.2.3)."""
    written = response.headers.get("retry-after", "")
    try:
        wait = (
            timedelta(seconds=int(written))
            if written.isdecimal()
            else parsedate_to_datetime(written) - datetime.now(UTC)
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return max(timedelta(), min(wait, LONGEST_WAIT))
