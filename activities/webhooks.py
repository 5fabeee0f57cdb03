"""Telling an endpoint that a job has ended: one attempt at a time, each of them in the delivery's row."""

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from enrichment.db import Database
from enrichment.runs import Activity, DeliveryRun
from enrichment.webhooks import deliveries
from enrichment.webhooks.sender import Sender


class WebhookActivities:
    def __init__(self, database: Database, sender: Sender) -> None:
        self._database = database
        self._sender = sender

    @activity.defn(name=Activity.DELIVER)
    async def deliver(self, delivery: DeliveryRun) -> str:
        """One attempt. It fails when another one is to follow, after the delay that the receiver asks for."""
        telling = await deliveries.telling(self._database, delivery.job_id, delivery.run)
        if telling is None:
            return "nothing to tell"
        answer = await self._sender.send(telling)
        is_last = answer.is_final or activity.info().attempt >= delivery.most_attempts
        status = "delivered" if answer.is_delivered else "dead" if is_last else "pending"
        await deliveries.record(
            self._database, delivery.job_id, delivery.run, status, answered=answer.status, error=answer.error
        )
        if status == "pending":
            raise ApplicationError(
                f"Not delivered: {answer.error or answer.status}",
                type="not_delivered",
                next_retry_delay=answer.retry_after or None,
                category=ApplicationErrorCategory.BENIGN,
            )
        return status
