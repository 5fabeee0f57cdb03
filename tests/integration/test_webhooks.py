"""Webhooks from end to end: a real receiver on this machine is told of endings by the real worker."""

import asyncio
import dataclasses
import ipaddress
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.responses import Response
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.webhooks import WebhookActivities
from enrichment.db import Database
from enrichment.hosts import Address
from enrichment.models import Submission
from enrichment.runs import DeliveryRun
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.webhooks import deliveries, endpoints, posting, registration
from enrichment.webhooks.deliveries import Due, Round, Telling
from enrichment.webhooks.endpoints import Endpoint
from enrichment.webhooks.lookups import Lookups
from enrichment.webhooks.sender import Answer, Sender
from tests.conftest import serving
from tests.integration.receiver import Message, Receiver, receiving
from tests.integration.test_cli import CommandLine

ADA = {"basics": {"name": "Ada Byron", "email": "ada@example.com"}, "skills": [{"name": "python"}]}
LATER = "2999-01-01T00:00:00Z"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex}"


async def submit(api: httpx.AsyncClient, receiver: Receiver, **fields: object) -> str:
    body = {"type": "skills_optimization", "candidateData": ADA, "webhookUrl": receiver.url, **fields}
    answer = await api.post("/api/enrichment", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["jobId"])


async def endpoint_of(database: Database, receiver: Receiver) -> Endpoint:
    (found,) = [endpoint for endpoint in await endpoints.every(database) if endpoint.url == receiver.url]
    return found


State = tuple[str, int, int | None, str | None]


async def state(database: Database, job_id: str) -> State:
    """Of a first run: status, attempts, last answer, last error."""
    statement = text("""
        SELECT status, attempts, last_status, last_error FROM enrichment_delivery WHERE job_id = :job_id AND run = 1
    """)
    row = (await database.execute(statement, {"job_id": job_id})).one()
    return row.status, row.attempts, row.last_status, row.last_error


async def recorded(database: Database, job_id: str, status: str) -> State:
    """The delivery's state once it is `status`: the receiver has its message before we have the answer."""
    async with asyncio.timeout(30):
        while (found := await state(database, job_id))[0] != status:
            await asyncio.sleep(0.02)
    return found


def verify(message: Message, secret: str) -> None:
    Webhook(secret).verify(message.text, message.headers)


async def a_telling(queue: EnrichmentQueue, database: Database, tenant: str, url: str) -> Telling:
    """An ending whose delivery no workflow has taken up."""
    ours = queue.for_tenant(tenant)
    endpoint = await endpoints.add(database, tenant, url)
    accepted = await ours.add_job(Submission(type="skills_optimization", candidate_data=ADA, run_at=LATER))
    statement = text("""
        WITH told AS (UPDATE enrichment_job SET webhook_id = :webhook WHERE id = :id RETURNING id, run, tenant)
        INSERT INTO enrichment_delivery (job_id, run, tenant, webhook_id, claimed_at)
        SELECT id, run, tenant, :webhook, 'infinity' FROM told
    """)
    await database.execute(statement, {"id": accepted.id, "webhook": endpoint.id})
    await ours.cancel_job(accepted.id)
    found = await deliveries.telling(database, accepted.id, 1)
    assert found is not None
    return found


@pytest.mark.usefixtures("worker")
async def test_an_ending_is_told_and_signed(api: httpx.AsyncClient, database: Database, receiver: Receiver) -> None:
    job_id = await submit(api, receiver)
    message = await receiver.next()

    endpoint = await endpoint_of(database, receiver)
    verify(message, endpoint.secrets[0])
    assert message.headers["webhook-id"] == f"{job_id}.1"
    assert message.json["type"] == "job.completed"
    assert message.json["data"] == {
        "jobId": job_id,
        "run": 1,
        "type": "skills_optimization",
        "status": "completed",
        "errorCode": None,
        "links": {"self": f"/api/enrichment/jobs/{job_id}", "events": f"/api/enrichment/jobs/{job_id}/events"},
    }
    assert [word for word in ("byron", "example.com") if word in message.text.lower()] == []
    assert (await api.get(message.json["data"]["links"]["self"])).json()["status"] == "completed"
    assert await recorded(database, job_id, "delivered") == ("delivered", 1, 204, None)

    with pytest.raises(WebhookVerificationError):
        verify(message, "whsec_" + "A" * 44)


@pytest.mark.usefixtures("worker")
async def test_every_kind_of_ending_and_every_run(api: httpx.AsyncClient, receiver: Receiver) -> None:
    failing = await submit(api, receiver, options={"rehearse": {"failCode": "content_refused"}})
    failed = await receiver.next()
    assert (failed.json["type"], failed.json["data"]["errorCode"]) == ("job.failed", "content_refused")

    await api.post(f"/api/enrichment/jobs/{failing}/retry")
    again = await receiver.next()
    assert (again.headers["webhook-id"], again.json["type"]) == (f"{failing}.2", "job.failed")

    waiting = await submit(api, receiver, runAt=LATER)
    await api.post(f"/api/enrichment/jobs/{waiting}/cancel")
    cancelled = await receiver.next()
    assert (cancelled.json["data"]["jobId"], cancelled.json["type"]) == (waiting, "job.cancelled")

    bulk = await api.post(
        "/api/enrichment/bulk",
        params={"type": "skills_optimization", "webhookUrl": receiver.url},
        content=b"{}\n{}\n",
        headers={"content-type": "application/x-ndjson"},
    )
    told = await receiver.next()
    assert (told.json["data"]["jobId"], told.json["type"]) == (bulk.json()["jobId"], "job.completed")
    assert receiver.got.empty(), "one message for the bulk, none for its candidates"


@pytest.mark.usefixtures("worker")
async def test_a_busy_receiver_is_told_later(api: httpx.AsyncClient, database: Database, receiver: Receiver) -> None:
    receiver.answers = [Response(status_code=503, headers={"retry-after": "1"})]
    job_id = await submit(api, receiver)
    first, second = await receiver.next(), await receiver.next()
    assert (first.headers["webhook-id"], first.text) == (second.headers["webhook-id"], second.text)
    assert await recorded(database, job_id, "delivered") == ("delivered", 2, 204, None)


@pytest.mark.usefixtures("worker")
async def test_a_receiver_that_is_gone_until_somebody_delivers_again(
    api: httpx.AsyncClient, database: Database, receiver: Receiver, settings: Settings, tmp_path: Path
) -> None:
    receiver.answers = [Response(status_code=410)]
    job_id = await submit(api, receiver)
    first = await receiver.next()
    assert await recorded(database, job_id, "dead") == ("dead", 1, 410, None)

    enrich = CommandLine(str(api.base_url), tmp_path)
    direct = {"DATABASE_URL": settings.database_url.get_secret_value()}
    dead = await enrich("webhooks", "deliveries", "--status", "dead", env=direct)
    assert [job_id, "1", "dead", "1", "410", receiver.url] in dead.lines
    assert (await enrich("webhooks", "redeliver", job_id, env=direct)).code == 0
    second = await receiver.next()
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert await recorded(database, job_id, "delivered") == ("delivered", 2, 204, None)


async def test_a_redirect_is_not_followed(
    queue: EnrichmentQueue, database: Database, settings: Settings, receiver: Receiver, tenant: str
) -> None:
    receiver.answers = [Response(status_code=307, headers={"location": receiver.url.replace("told", "elsewhere")})]
    telling = await a_telling(queue, database, tenant, receiver.url)
    answer = await sent(settings, telling)
    assert (answer.status, answer.is_delivered, answer.is_final) == (307, False, False)
    assert (await receiver.next()).path == "/told"
    assert receiver.got.empty()


async def test_a_receiver_that_does_not_answer(
    queue: EnrichmentQueue,
    database: Database,
    settings: Settings,
    receiver: Receiver,
    tenant: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posting, "TIMEOUT_S", 0.2)
    receiver.is_slow.set()
    assert (await sent(settings, await a_telling(queue, database, tenant, receiver.url))).error == "timeout"
    nobody = await a_telling(queue, database, tenant, "http://127.0.0.1:9/")
    assert (await sent(settings, nobody)).error == "unreachable"


async def test_a_name_that_comes_to_point_inside(
    queue: EnrichmentQueue, database: Database, settings: Settings, receiver: Receiver, tenant: str
) -> None:
    async def pointing_here(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address("127.0.0.1")]

    port = httpx.URL(receiver.url).port
    telling = await a_telling(queue, database, tenant, f"https://rebound.example:{port}/")
    strict = Sender(settings.model_copy(update={"webhook_loopback": False}), pointing_here)
    answer = await strict.send(telling)
    await strict.close()
    assert (answer.error, answer.is_final) == ("refused", True)
    assert receiver.got.empty()


async def test_an_attempt_that_fails_as_nobody_foresaw_is_an_attempt(
    queue: EnrichmentQueue, database: Database, settings: Settings, tenant: str
) -> None:
    async def stumbling(host: str, port: int) -> list[Address]:
        raise UnicodeError(host)

    telling = await a_telling(queue, database, tenant, "https://example.com/")
    sending = Sender(settings, stumbling)
    run = DeliveryRun(job_id=telling.job_id, run=1, most_attempts=1)
    assert await ActivityEnvironment().run(WebhookActivities(database, sending).deliver, run) == "dead"
    assert await state(database, telling.job_id) == ("dead", 1, None, "internal")
    await sending.close()


async def test_the_last_attempt_ends_it(
    queue: EnrichmentQueue, database: Database, settings: Settings, receiver: Receiver, tenant: str
) -> None:
    receiver.answers = [Response(status_code=500), Response(status_code=500)]
    telling = await a_telling(queue, database, tenant, receiver.url)
    sending = Sender(settings)
    deliver = WebhookActivities(database, sending).deliver
    environment = ActivityEnvironment()
    run = DeliveryRun(job_id=telling.job_id, run=1)
    with pytest.raises(ApplicationError, match="500"):
        await environment.run(deliver, run)
    assert (await state(database, telling.job_id))[:2] == ("pending", 1)
    assert await environment.run(deliver, run.model_copy(update={"most_attempts": 1})) == "dead"
    assert (await state(database, telling.job_id))[:2] == ("dead", 2)
    assert await environment.run(deliver, run) == "nothing to tell"
    await sending.close()


async def test_only_what_a_receiver_answered_counts(
    queue: EnrichmentQueue, database: Database, settings: Settings, receiver: Receiver, tenant: str
) -> None:
    receiver.answers = [Response(status_code=503), Response(status_code=500), Response(status_code=502)]
    telling = await a_telling(queue, database, tenant, receiver.url)
    sending = Sender(settings)
    deliver = WebhookActivities(database, sending).deliver
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, attempt=9)  # the database was away for the eight before
    run = DeliveryRun(job_id=telling.job_id, run=1)
    again = run.model_copy(update={"attempts_before": 2})  # as after `redeliver`
    waits = []
    for each in (run, run, again):
        with pytest.raises(ApplicationError) as failed:
            await environment.run(deliver, each)
        waits.append(failed.value.next_retry_delay)
    assert waits == [timedelta(seconds=5), timedelta(seconds=30), timedelta(seconds=5)]
    assert (await state(database, telling.job_id))[:2] == ("pending", 3)
    await sending.close()


async def test_both_secrets_sign_while_they_overlap(
    queue: EnrichmentQueue, database: Database, settings: Settings, receiver: Receiver, tenant: str
) -> None:
    telling = await a_telling(queue, database, tenant, receiver.url)
    (old,) = telling.endpoint.secrets
    rotated = await endpoints.rotate(database, telling.endpoint.id, timedelta(hours=1))
    assert rotated is not None
    assert rotated.secrets[1:] == (old,)

    told = await deliveries.telling(database, telling.job_id, 1)
    assert told is not None
    await sent(settings, told)
    message = await receiver.next()
    for secret in rotated.secrets:
        verify(message, secret)

    await endpoints.rotate(database, telling.endpoint.id, timedelta())
    told = await deliveries.telling(database, telling.job_id, 1)
    assert told is not None
    assert len(told.endpoint.secrets) == 1


async def test_of_two_claims_each_gets_its_own(queue: EnrichmentQueue, database: Database, tenant: str) -> None:
    telling = await a_telling(queue, database, tenant, "https://example.com/")
    statement = text("UPDATE enrichment_delivery SET claimed_at = NULL, attempts_before = 3 WHERE job_id = :job_id")
    await database.execute(statement, {"job_id": telling.job_id})
    claimed = [due for _ in range(3) for due in await deliveries.claim(database, 100) if due.job_id == telling.job_id]
    assert claimed == [Due(telling.job_id, run=1, round=1, attempts_before=3)]
    await deliveries.mark_started(database, claimed)
    assert not await deliveries.redeliver(database, telling.job_id), "it is being told"


async def test_a_mark_that_comes_late_leaves_the_next_round_to_be_started(
    queue: EnrichmentQueue, database: Database, tenant: str
) -> None:
    telling = await a_telling(queue, database, tenant, "https://example.com/")
    again = text("UPDATE enrichment_delivery SET round = 2 WHERE job_id = :job_id")
    await database.execute(again, {"job_id": telling.job_id})
    started_at = text("SELECT started_at FROM enrichment_delivery WHERE job_id = :job_id")

    await deliveries.mark_started(database, [Round(telling.job_id, run=1, round=1)])
    assert (await database.execute(started_at, {"job_id": telling.job_id})).scalar_one() is None
    await deliveries.mark_started(database, [Round(telling.job_id, run=1, round=2)])
    assert (await database.execute(started_at, {"job_id": telling.job_id})).scalar_one() is not None


async def test_a_tenant_has_only_so_many(database: Database, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "MOST_ENDPOINTS", 1)
    named = partial(registration.endpoint_for, database, tenant, resolver=Lookups(), allow_loopback=False)
    first = await named("https://1.1.1.1/a")
    assert await named("https://1.1.1.1/a") == first
    with pytest.raises(Exception, match="webhook"):
        await named("https://1.1.1.1/b")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "must be https"),
        ("https://169.254.169.254/latest/", "points to an address that is not public"),
        ("http://127.0.0.1/", "must be https"),
        ("https://localhost/", "points to an address that is not public"),
        ("nonsense", "must be an https URL with a host"),
    ],
)
async def test_a_url_that_may_not_be_called_is_refused(settings: Settings, url: str, reason: str) -> None:
    strict = settings.model_copy(update={"webhook_loopback": False})
    body = {"type": "skills_optimization", "candidateData": ADA, "webhookUrl": url}
    async with serving(strict) as address, httpx.AsyncClient(base_url=address) as client:
        answer = await client.post("/api/enrichment", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/webhookUrl", "reason": reason}]
    assert url not in answer.text


async def test_the_commands(settings: Settings, tmp_path: Path, receiver: Receiver) -> None:
    enrich = CommandLine("http://127.0.0.1:9", tmp_path)
    direct = {"DATABASE_URL": settings.database_url.get_secret_value(), "ENRICHMENT_WEBHOOK_LOOPBACK": "true"}

    added = await enrich("webhooks", "add", receiver.url, env=direct)
    assert added.stdout.startswith("whsec_")
    (line,) = [line for line in (await enrich("webhooks", "list", env=direct)).lines if line[2] == receiver.url]
    assert (await enrich("webhooks", "secret", line[0], env=direct)).stdout == added.stdout
    rotated = await enrich("webhooks", "rotate", line[0], env=direct)
    assert (rotated.stdout.startswith("whsec_"), rotated.stdout != added.stdout) == (True, True)

    inside = await enrich("webhooks", "add", "https://10.0.0.8/", env=direct)
    assert (inside.code, "points to an address that is not public" in inside.stderr) == (2, True)
    unknown = await enrich("webhooks", "secret", "nobody", env=direct)
    assert (unknown.code, "There is no such endpoint" in unknown.stderr) == (1, True)
    nothing = await enrich("webhooks", "redeliver", "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55", env=direct)
    assert (nothing.code, "Nothing to tell again" in nothing.stderr) == (1, True)


async def sent(settings: Settings, telling: Telling) -> Answer:
    sending = Sender(settings)
    try:
        return await sending.send(telling)
    finally:
        await sending.close()
