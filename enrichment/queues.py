"""The four priority queues: one table that the API, the dispatcher, the workflows and the worker all read."""

from dataclasses import dataclass
from datetime import timedelta

MAINTENANCE_TASK_QUEUE = "enrichment-maintenance"
WEBHOOK_TASK_QUEUE = "enrichment-webhooks"
"""Apart, so that slow receivers take no slot from a job."""
_PRIORITY_KEYS = 5
"""Temporal orders a task queue by a key from 1 (first) to 5 (last)."""


@dataclass(frozen=True, slots=True)
class Queue:
    """One band of priorities and the Temporal task queue that serves it.

    `slots` is the default number of jobs that one worker process runs at a time; `max_retries` counts the attempts
    after the first.
    """

    band: str
    lowest: int
    highest: int
    slots: int
    max_retries: int

    @property
    def task_queue(self) -> str:
        return f"enrichment-{self.band}"

    @property
    def numbers(self) -> str:
        """The band's numbers as a person reads them: `20` or `10-15`."""
        return str(self.lowest) if self.lowest == self.highest else f"{self.lowest}-{self.highest}"

    def priority_key(self, priority: int) -> int:
        """Where `priority` stands inside this queue for Temporal: 1 is served first, 5 last."""
        return min(1 + self.highest - priority, _PRIORITY_KEYS)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between a job's attempts: `initial`, then `coefficient` times the wait before, never over `maximum`."""

    initial: timedelta
    coefficient: float
    maximum: timedelta

    def delay(self, failed_attempts: int) -> timedelta:
        """The wait after so many failed attempts, from 1."""
        return min(self.initial * self.coefficient ** (failed_attempts - 1), self.maximum)


QUEUES = (
    Queue("critical", lowest=20, highest=20, slots=5, max_retries=5),
    Queue("high", lowest=10, highest=15, slots=3, max_retries=4),
    Queue("normal", lowest=5, highest=9, slots=2, max_retries=3),
    Queue("low", lowest=1, highest=4, slots=1, max_retries=2),
)
BACKOFF = Backoff(initial=timedelta(seconds=2), coefficient=2.0, maximum=timedelta(seconds=60))
BY_BAND = {queue.band: queue for queue in QUEUES}
BY_TASK_QUEUE = {queue.task_queue: queue for queue in QUEUES}
DEFAULT_PRIORITY = BY_BAND["normal"].lowest
BANDS = ", ".join(f"{queue.band} ({queue.numbers})" for queue in QUEUES)


def queue_of(priority: int) -> Queue:
    """The queue that serves `priority`.

    Raises:
        ValueError: the number belongs to no band; the message lists the bands.
    """
    for queue in QUEUES:
        if queue.lowest <= priority <= queue.highest:
            return queue
    raise ValueError(f"is in no band: use {BANDS}")


def priority_of(band_or_number: str | int) -> int:
    """The number of a priority given as a band's name, in either case, or as a number of a band.

    Raises:
        ValueError: neither; the message lists the bands.
    """
    if isinstance(band_or_number, int):
        queue_of(band_or_number)
        return band_or_number
    queue = BY_BAND.get(band_or_number.lower())
    if queue is None:
        raise ValueError(f"is no band: use {BANDS}")
    return queue.lowest
