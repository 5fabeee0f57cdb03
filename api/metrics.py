"""Prometheus: the queues as they are at the scrape, and this process.

The families are made anew at each scrape: a gauge that is kept would go on showing what is gone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from enrichment.health import Health, State
from enrichment.jobs.workload import QueueLoad
from enrichment.statistics import Stats

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def new_process_registry() -> CollectorRegistry:
    """What is known of this process; made once, and not the library's global one."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def render(process: CollectorRegistry, health: Health, stats: Stats | None) -> bytes:
    """The text of a scrape. Without the database only this process and the components are known."""
    product = CollectorRegistry()
    product.register(_Product(health, stats))
    return generate_latest(product) + generate_latest(process)


class _Product(Collector):
    def __init__(self, health: Health, stats: Stats | None) -> None:
        self._health = health
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        health = self._health
        up = GaugeMetricFamily("enrichment_up", "Whether a component answers", labels=["component"])
        for component in ("database", "redis", "temporal"):
            up.add_metric([component], getattr(health, component) is State.UP)
        yield up
        if self._stats is not None:
            jobs = GaugeMetricFamily("enrichment_jobs", "Jobs that are stored", labels=["queue", "status"])
            for band, by_status in self._stats.by_queue.items():
                for status, count in by_status.items():
                    jobs.add_metric([band, status], count)
            yield jobs
        now = datetime.now(UTC)
        for name, help_text, of in (
            ("workers", "Live worker processes that serve the queue", lambda load: load.workers),
            ("slots", "Jobs that the live workers can run at a time", lambda load: load.slots),
            ("running", "Jobs that the live workers run now", lambda load: load.running),
            ("oldest_pending_age_seconds", "How long the first in the queue has waited", lambda load: _age(load, now)),
        ):
            family = GaugeMetricFamily(f"enrichment_{name}", help_text, labels=["queue"])
            for band, load in health.queues.items():
                family.add_metric([band], of(load))
            yield family


def _age(load: QueueLoad, now: datetime) -> float:
    return (now - load.oldest_pending_at).total_seconds() if load.oldest_pending_at else 0.0
