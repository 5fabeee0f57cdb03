"""The endpoint that a submission names: looked at and registered when it is first named."""

from enrichment.db import Database
from enrichment.errors import Fault, InvalidInput
from enrichment.webhooks import addresses, endpoints
from enrichment.webhooks.addresses import Refused, Resolver
from enrichment.webhooks.endpoints import Endpoint

MOST_ENDPOINTS = 100
"""Of a tenant: whoever needs a URL for each job puts the job's id, which every message holds, to use instead."""


async def endpoint_for(database: Database, tenant: str, url: str, resolver: Resolver, *, allow_loopback: bool) -> str:
    """The id of the endpoint; one that was never named before is registered, with a secret of its own.

    Raises:
        InvalidInput: the URL may not be called, or the tenant has too many.
    """
    known = await endpoints.find(database, tenant, url)
    return known or (await register(database, tenant, url, resolver, allow_loopback=allow_loopback)).id


async def register(database: Database, tenant: str, url: str, resolver: Resolver, *, allow_loopback: bool) -> Endpoint:
    """Registers a URL; one that is registered stays as it is.

    Raises:
        InvalidInput: the URL may not be called, or the tenant has too many.
    """
    await _require_usable(database, tenant, url, resolver, allow_loopback=allow_loopback)
    return await endpoints.add(database, tenant, url)


async def check(database: Database, tenant: str, url: str, resolver: Resolver, *, allow_loopback: bool) -> None:
    """Refuses what `endpoint_for` would, and registers nothing."""
    if await endpoints.find(database, tenant, url) is None:
        await _require_usable(database, tenant, url, resolver, allow_loopback=allow_loopback)


async def _require_usable(
    database: Database, tenant: str, url: str, resolver: Resolver, *, allow_loopback: bool
) -> None:
    try:
        await addresses.check(url, allow_loopback=allow_loopback, resolver=resolver)
    except Refused as error:
        raise _refused(str(error)) from None
    if await endpoints.count(database, tenant) >= MOST_ENDPOINTS:
        raise _refused(f"would be one of more than {MOST_ENDPOINTS}: use one for many jobs")


def _refused(reason: str) -> InvalidInput:
    return InvalidInput("The webhook cannot be used", (Fault("/webhookUrl", reason),))
