"""The whole is looked after: queues, counts, health, age, and candidates who ask what is held of them."""

from datetime import UTC, datetime, timedelta

from enrichment import health, statistics
from enrichment.cleanup import Cleanup, clean_up
from enrichment.erasure.act import Eraser, Receipt
from enrichment.erasure.exports import Export, export
from enrichment.jobs import pauses, workload
from enrichment.queues import Queue
from enrichment.service.connected import Connected


class Operating(Connected):
    async def get_stats(self) -> statistics.Stats:
        return await statistics.stats(self._database, self._tenant)

    async def get_error_groups(self, counted: dict[str, int]) -> list[statistics.ErrorGroup]:
        """The failures of `Stats.errors`, each with its newest job."""
        return await statistics.error_groups(self._database, self._tenant, counted)

    async def get_throughput(self, *, since: timedelta) -> list[statistics.Minute]:
        """What ended in each minute of the last `since`."""
        return await statistics.throughput(self._database, self._tenant, datetime.now(UTC) - since)

    async def get_workers(self) -> list[workload.Worker]:
        return await workload.workers(self._database)

    async def check_health(self) -> health.Health:
        """Asks every component; it never raises and never takes longer than a few seconds."""
        return await health.check(self._database, self._progress, self._orchestrator, self._tenant)

    async def is_ready(self) -> bool:
        """Whether jobs can be accepted."""
        return await health.is_up(self._database)

    async def paused_since(self, queue: Queue) -> datetime | None:
        """Since when the queue is paused; None: it is not."""
        return (await pauses.paused(self._database)).get(queue.task_queue)

    async def pause_queue(self, queue: Queue) -> None:
        """From now on nothing new starts in it, for anybody. What runs is finished, what is accepted waits."""
        await pauses.pause(self._database, queue.task_queue)

    async def resume_queue(self, queue: Queue) -> None:
        await pauses.resume(self._database, queue.task_queue)

    async def cleanup(self, days: int | None = None) -> Cleanup:
        """Deletes what ended more than `days` ago (the settings' retention by default); see `enrichment.cleanup`."""
        age = self._settings.retention if days is None else timedelta(days=days)
        return await clean_up(self._database, self._progress, age)

    async def export_candidate(self, candidate_id: str) -> Export:
        """All that is held of a candidate."""
        return await export(self._database, self._tenant, candidate_id)

    async def erase_candidate(self, candidate_id: str, *, by: str = "local") -> Receipt:
        """Erases a candidate from every store, open jobs too. Repeating it is harmless.

        Raises:
            StorageUnavailable: a store does not answer; repeat it, to finish what is left.
        """
        eraser = Eraser(self._database, self._progress, self._orchestrator, self._tenant)
        return await eraser.erase(candidate_id, by=by)
