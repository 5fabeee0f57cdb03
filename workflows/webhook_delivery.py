"""Tells an endpoint that a job has ended, again and again for about a day."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import DELIVER_WEBHOOK, Activity, DeliveryRun

SENDING_TIMEOUT = timedelta(seconds=25)
"""One attempt: 10 s for the receiver, the rest for the record."""
SOON = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""For an attempt that its worker did not end. What the receiver did not take names itself when it is told again."""


@workflow.defn(name=DELIVER_WEBHOOK)
class WebhookDelivery:
    @workflow.run
    async def run(self, delivery: DeliveryRun) -> str:
        ended: str = await workflow.execute_activity(
            Activity.DELIVER,
            delivery,
            result_type=str,
            start_to_close_timeout=SENDING_TIMEOUT,
            retry_policy=SOON,
        )
        return ended
