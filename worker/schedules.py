"""What runs by the clock. Each worker makes sure of it at its start; making it twice changes nothing."""

from datetime import timedelta
from functools import partial

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from enrichment.queues import MAINTENANCE_TASK_QUEUE
from enrichment.settings import Settings
from workflows.maintenance import CleanUp, Sweep

SWEEP_EVERY = timedelta(minutes=1)
CLEAN_UP_AT = ScheduleCalendarSpec(hour=[ScheduleRange(3)], minute=[ScheduleRange(17)])
"""Each night at 03:17 UTC."""
_SKIP = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP)


async def ensure(client: Client, settings: Settings) -> None:
    sweep = ScheduleActionStartWorkflow(
        Sweep.run, id="enrichment-sweep", task_queue=MAINTENANCE_TASK_QUEUE, static_summary="open rows against Temporal"
    )
    clean_up = ScheduleActionStartWorkflow(
        CleanUp.run,
        settings.retention_days,
        id="enrichment-clean-up",
        task_queue=MAINTENANCE_TASK_QUEUE,
        static_summary=f"what ended {settings.retention_days} days ago",
    )
    every_minute = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=SWEEP_EVERY)])
    each_night = ScheduleSpec(calendars=[CLEAN_UP_AT])
    for schedule_id, action, spec in (
        ("enrichment-sweep", sweep, every_minute),
        ("enrichment-clean-up", clean_up, each_night),
    ):
        schedule = Schedule(action=action, spec=spec, policy=_SKIP)
        try:
            await client.create_schedule(schedule_id, schedule)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(schedule_id).update(partial(_replaced, schedule))


def _replaced(schedule: Schedule, _: ScheduleUpdateInput) -> ScheduleUpdate:
    return ScheduleUpdate(schedule)
