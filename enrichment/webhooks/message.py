"""What is sent: that a job has ended and where to read of it, signed by Standard Webhooks. Nothing of a candidate."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks import Webhook

from enrichment.webhooks.deliveries import Telling


def body(telling: Telling) -> str:
    """The JSON text, the same at each attempt."""
    home = f"/api/enrichment/jobs/{telling.job_id}"
    data = {
        "jobId": telling.job_id,
        "run": telling.run,
        "type": telling.type,
        "status": telling.status,
        "errorCode": telling.error_code,
        "links": {"self": home, "events": f"{home}/events"},
    }
    return json.dumps({"type": f"job.{telling.status}", "timestamp": telling.ended_at.isoformat(), "data": data})


def headers(telling: Telling, text: str, now: datetime) -> Mapping[str, str]:
    """`webhook-id` is the same at each attempt, so that a receiver who saw it before can leave it at that."""
    message_id = f"{telling.job_id}.{telling.run}"
    # The library takes a time without a zone for UTC, whatever the zone of one that has one.
    signatures = (Webhook(secret).sign(message_id, now.astimezone(UTC), text) for secret in telling.endpoint.secrets)
    return {
        "content-type": "application/json",
        "user-agent": "enrichment-jobs",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
