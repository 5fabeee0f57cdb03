"""Commands that work on the database itself: whoever can reach it is an administrator."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import typer

from enrichment.cli.errors import BadUsage, CliError

if TYPE_CHECKING:
    from enrichment.db import Database

T = TypeVar("T")

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """What `90d`, `24h` or `30m` stands for."""
    match = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if match is None:
        raise typer.BadParameter(f"{text} is no duration: write it as 90d, 24h or 30m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def check_tenant(tenant: str) -> None:
    if not re.fullmatch(r"[\w.:@+-]{1,100}", tenant):
        raise BadUsage("A tenant is a word of up to 100 letters, digits and ._:@+-")


def on_database(act: "Callable[[Database], Awaitable[T]]") -> T:
    """What `act` gives, with the database of the settings."""
    from enrichment.cli.environment import settings
    from enrichment.db import Database
    from enrichment.errors import EnrichmentError, InvalidInput

    async def acting() -> T:
        database = Database.connect(settings(), application="enrich", pool_size=1)
        try:
            return await act(database)
        finally:
            await database.close()

    try:
        return asyncio.run(acting())
    except InvalidInput as error:
        raise BadUsage(f"{error.message}: it {error.faults[0].reason}") from None
    except EnrichmentError as error:
        raise CliError(error.message) from None
