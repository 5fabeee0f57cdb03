"""Telling an endpoint that a job has ended: one attempt at a time, each of them in the delivery's row."""

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from enrichment.db import Database
from enrichment.queues import Backoff
from enrichment.runs import Activity, DeliveryRun
from enrichment.webhooks import deliveries
from enrichment.webhooks.sender import Sender

BACKOFF = Backoff(initial=timedelta(seconds=5), coefficient=6.0, maximum=timedelta(hours=8))
"""5 s, 30 s, 3 min, 18 min, 2 h, and then every 8 h: about a day."""


class WebhookActivities:
    def __init__(self, database: Database, sender: Sender) -> None:
        self._database = database
        self._sender = sender

    @activity.defn(name=Activity.DELIVER)
    async def deliver(self, delivery: DeliveryRun) -> str:
        """One attempt. It fails when another one is to follow, after the delay that the receiver asks for.

        Attempts are counted in the row: one that was put off, or whose worker died, has told the receiver nothing.
        """
        telling = await deliveries.telling(self._database, delivery.job_id, delivery.run, in_round=delivery.round)
        if telling is None:
            return "nothing to tell"
        answer = await self._sender.send(telling)
        attempt = telling.attempts + 1 - delivery.attempts_before
        is_last = answer.is_final or attempt >= delivery.most_attempts
        status = "delivered" if answer.is_delivered else "dead" if is_last else "pending"
        await deliveries.record(
            self._database,
            delivery.job_id,
            delivery.run,
            status,
            in_round=delivery.round,
            answered=answer.status,
            error=answer.error,
        )
        if status == "pending":
            raise ApplicationError(
                f"Not delivered: {answer.error or answer.status}",
                type="not_delivered",
                next_retry_delay=answer.retry_after or BACKOFF.delay(attempt),
                category=ApplicationErrorCategory.BENIGN,
            )
        return status
