"""What each part of the facade holds: the settings, the links to the stores, and the tenant it speaks for."""

import asyncio
from copy import copy
from dataclasses import dataclass
from typing import Self

from enrichment.db import Database
from enrichment.feed import Feed
from enrichment.orchestrator import Orchestrator
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore

DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Links:
    settings: Settings
    database: Database
    progress: ProgressStore
    feed: Feed
    orchestrator: Orchestrator


class Connected:
    def __init__(self, links: Links) -> None:
        self._settings = links.settings
        self._database = links.database
        self._progress = links.progress
        self._feed = links.feed
        self._orchestrator = links.orchestrator
        self._tenant = DEFAULT_TENANT
        """Of every statement; behind the wall, `for_tenant` also names it to the database."""
        self._by_tenant: dict[str, Self] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._feed.close()
        await asyncio.gather(self._progress.close(), self._database.close())

    @property
    def tenant(self) -> str:
        return self._tenant

    def for_tenant(self, tenant: str) -> Self:
        """This queue as `tenant` sees it. It shares every connection with this one, which alone is to be closed."""
        queue = self._by_tenant.get(tenant)
        if queue is None:
            queue = self._by_tenant[tenant] = copy(self)
            queue._tenant = tenant
            queue._database = self._database.for_tenant(tenant)
        return queue
