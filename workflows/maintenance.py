"""What runs by the clock: the sweeper, each minute, and the cleanup, each night."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import Activity, Cleaned, Swept

A_FEW_TIMES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
"""The schedule comes round again soon enough."""


@workflow.defn
class Sweep:
    """Finds open rows whose workflow is gone, and gives them a new one or an ending."""

    @workflow.run
    async def run(self) -> Swept:
        swept: Swept = await workflow.execute_activity(
            Activity.SWEEP, result_type=Swept, start_to_close_timeout=timedelta(minutes=1), retry_policy=A_FEW_TIMES
        )
        return swept


@workflow.defn
class CleanUp:
    """Deletes what ended `days` ago."""

    @workflow.run
    async def run(self, days: int) -> Cleaned:
        cleaned: Cleaned = await workflow.execute_activity(
            Activity.CLEAN_UP,
            days,
            result_type=Cleaned,
            start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=timedelta(minutes=2),
            retry_policy=A_FEW_TIMES,
        )
        return cleaned
