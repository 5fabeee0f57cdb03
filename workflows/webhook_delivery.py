"""Tells an endpoint that a job has ended, again and again for about a day."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import DELIVER_WEBHOOK, Activity, DeliveryRun

SENDING_TIMEOUT = timedelta(seconds=25)
"""One attempt: 10 s for the receiver, the rest for the record."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=8)
_FACTOR = 6.0
"""5 s, 30 s, 3 min, 18 min, 2 h, and then every 8 h."""


@workflow.defn(name=DELIVER_WEBHOOK)
class WebhookDelivery:
    @workflow.run
    async def run(self, delivery: DeliveryRun) -> str:
        ended: str = await workflow.execute_activity(
            Activity.DELIVER,
            delivery,
            result_type=str,
            start_to_close_timeout=SENDING_TIMEOUT,
            retry_policy=RetryPolicy(
                initial_interval=FIRST_WAIT, backoff_coefficient=_FACTOR, maximum_interval=LONGEST_WAIT
            ),
        )
        return ended
