"""The product as an object: what the API serves over HTTP, and what a Python program calls directly.

submitting   add_job, add_bulk, estimate_…
reading      get_job_status, watch, list_jobs, get_document, …
steering     cancel_job, retry_job, continue_job, review_job, …
operating    get_stats, check_health, pause_queue, cleanup, erase_candidate, …
"""

from typing import Self

from enrichment.db import Database
from enrichment.feed import Feed
from enrichment.orchestrator import Orchestrator
from enrichment.redis import redis_client
from enrichment.service.connected import DEFAULT_TENANT, Links
from enrichment.service.operating import Operating
from enrichment.service.reading import NO_SUCH_JOB
from enrichment.service.steering import Steering
from enrichment.service.submitting import Submitting
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore

__all__ = ["DEFAULT_TENANT", "NO_SUCH_JOB", "EnrichmentQueue"]


class EnrichmentQueue(Submitting, Steering, Operating):
    """Submits jobs, follows them and steers them. Connect once per process and close it at the end.

        async with await EnrichmentQueue.connect(settings) as queue:
            accepted = await queue.add_job(Submission(type="skills_optimization", candidate_data=resume))
            async for job in queue.watch(accepted.id): ...

    It speaks for one tenant, `default` at first; `for_tenant` gives the same queue as another one sees it.

    Methods raise errors of `enrichment.errors`; those that are `retryable` may work when called again.
    """

    @classmethod
    async def connect(cls, settings: Settings, *, application: str = "enrichment", is_walled: bool = False) -> Self:
        """Connects to nothing yet: each component is reached when it is first needed.

        `is_walled`: PostgreSQL itself shows no row of a tenant that `for_tenant` has not named; for who serves others.
        """
        redis = redis_client(settings)
        database = Database.connect(settings, application=application, is_walled=is_walled)
        return cls(Links(settings, database, ProgressStore(redis), Feed(redis), Orchestrator(settings)))
