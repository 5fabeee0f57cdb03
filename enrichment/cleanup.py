"""Deleting what has ended long ago."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from enrichment.db import Database
from enrichment.events import CLEANED_UP
from enrichment.jobs import upkeep
from enrichment.models import Model
from enrichment.responses import store as responses
from enrichment.snapshots import ProgressStore
from enrichment.spending import budgets
from enrichment.vault import keys

log = logging.getLogger(__name__)


class Cleanup(Model):
    """What a cleanup deleted."""

    deleted_jobs: int
    deleted_progress: int


async def clean_up(
    database: Database, progress: ProgressStore, age: timedelta, on_step: Callable[[], None] = lambda: None
) -> Cleanup:
    """Deletes the jobs that ended longer than `age` ago, with their progress, in small statements.

    The newest 100 completed and 50 failed jobs stay, however old. Interrupted, it has deleted a part; run it again.
    `on_step` is called after each statement.
    """
    deleted_jobs = deleted_progress = 0
    while job_ids := await upkeep.delete_ended(database, age):
        deleted_jobs += len(job_ids)
        deleted_progress += await progress.delete(job_ids)
        on_step()
    await upkeep.forget_throughput(database, max(age, timedelta(days=1)))
    await budgets.forget_days(database, datetime.now(UTC).date() - timedelta(days=2))
    while await budgets.forget_ended(database):
        on_step()
    while await responses.forget_expired(database):
        on_step()
    after: str | None = ""
    while after is not None:
        after = await keys.forget_unused(database, after)
        on_step()
    log.info("Cleaned up", extra=CLEANED_UP.fields(count=deleted_jobs))
    return Cleanup(deleted_jobs=deleted_jobs, deleted_progress=deleted_progress)
