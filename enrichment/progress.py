"""What is shown of a job's progress, from its row and its snapshot, and of a bulk's, from the counts of its jobs."""

from collections import OrderedDict

from enrichment.models import JSON, JobStatus, Progress, Standing
from enrichment.snapshots import Snapshot
from enrichment.wording import lasting

_AT_REST = {
    JobStatus.PENDING: (0, "Waiting for its turn"),
    JobStatus.IN_PROGRESS: (0, "Running"),
    JobStatus.COMPLETED: (100, "Completed"),
    JobStatus.FAILED: (0, "Failed"),
    JobStatus.CANCELLED: (0, "Cancelled"),
}

WAITING_FOR_APPROVAL = "waiting_for_approval"
"""The stage of a bulk whose canaries have ended and whose other candidates nobody has let follow yet."""


def at_rest(status: JobStatus, *, attempt: int = 1) -> Progress:
    """What is told of a job that does not run, because it waits for its turn or has ended."""
    percentage, message = _AT_REST[status]
    return Progress(percentage=percentage, stage=status, message=message, attempt=attempt)


def of_bulk(standing: Standing, stage: str = "enriching", message: str = "") -> Progress:
    """The progress of a bulk: how many of its candidates are done, how many a second, and how long the others take."""
    return Progress(
        percentage=standing.done * 100 // max(standing.total, 1),
        stage=stage,
        message=message or _sentence(standing),
        metadata=_metadata(standing),
    )


def _metadata(standing: Standing) -> JSON:
    return standing.model_dump(mode="json", by_alias=True)


def _sentence(standing: Standing) -> str:
    """`1,200 of 5,000 candidates, 3 failed, 41.5 per second, about 1 min 32 s left`."""
    parts = [f"{standing.done:,} of {standing.total:,} candidates"]
    if standing.failed:
        parts.append(f"{standing.failed:,} failed")
    if standing.rate_per_second and standing.seconds_left:
        parts += [f"{standing.rate_per_second:,.1f} per second", f"about {lasting(standing.seconds_left)} left"]
    return ", ".join(parts)


def shown(
    status: JobStatus,
    run: int,
    snapshot: Snapshot | None,
    *,
    is_redis_up: bool,
    is_untold: bool = False,
    standing: Standing | None = None,
) -> Progress:
    """The progress of a run in `status`: the row decides whether it is over, the snapshot how far it is.

    Without a snapshot of this run the percentage is a guess, and marked as one, unless the row alone says it all: the
    job does not run, or `is_untold`, a job of a bulk that nothing has been told of yet. A bulk's row has its
    `standing` too: a second old while the bulk runs, and exact when it does not.
    """
    if standing is None:
        return _shown(status, run, snapshot, is_redis_up=is_redis_up, is_untold=is_untold)
    if status is not JobStatus.IN_PROGRESS:
        resting = _shown(status, run, snapshot, is_redis_up=is_redis_up, is_untold=is_untold)
        reached = (standing.completed + standing.failed) * 100 // max(standing.total, 1)
        shows = {"percentage": max(resting.percentage, reached), "metadata": _metadata(standing)}
        return resting.model_copy(update=shows)
    if snapshot is None or snapshot.run != run:
        return of_bulk(standing).model_copy(update={"degraded": not is_redis_up})
    return snapshot.progress


def _shown(status: JobStatus, run: int, snapshot: Snapshot | None, *, is_redis_up: bool, is_untold: bool) -> Progress:
    percentage, message = _AT_REST[status]
    if snapshot is None or snapshot.run != run:
        is_guess = not is_redis_up or (status is JobStatus.IN_PROGRESS and not is_untold)
        return Progress(percentage=percentage, stage=status, message=message, degraded=is_guess)
    progress = snapshot.progress
    if not status.is_terminal or progress.stage == status:
        return progress
    percentage = 100 if status is JobStatus.COMPLETED else progress.percentage
    return progress.model_copy(update={"percentage": percentage, "stage": str(status), "message": message})


class HighWater:
    """The percentages that this process has shown, so that a Redis that has lost a snapshot takes none of them back."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._shown: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def reach(self, job_id: str, run: int, percentage: int) -> int:
        """The percentage to show: never less than was shown of this run. The jobs longest unseen are forgotten."""
        held_run, held = self._shown.pop(job_id, (run, 0))
        reached = max(percentage, held) if held_run == run else percentage
        self._shown[job_id] = (run, reached)
        if len(self._shown) > self._most:
            self._shown.popitem(last=False)
        return reached
