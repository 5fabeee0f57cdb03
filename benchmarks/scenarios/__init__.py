"""One file a scenario, in the order of the report."""

from benchmarks.scenario import Scenario
from benchmarks.scenarios import (
    accepts,
    bulk,
    growth,
    latency,
    processes,
    reads,
    recovery,
    rules,
    startup,
    streams,
    throughput,
    work,
)

MODULES = (
    throughput, work, latency, accepts, reads, streams, bulk, recovery, processes, startup, rules, growth
)  # fmt: skip
"""`growth` is the last: it leaves a million rows behind."""
SCENARIOS: tuple[Scenario, ...] = tuple(module.SCENARIO for module in MODULES)
