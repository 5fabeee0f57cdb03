"""What goes out: the shapes, which the OpenAPI document shows, and their bytes, which nothing checks a second time."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field
from starlette.responses import Response

from enrichment.access.scopes import Scope
from enrichment.actions.records import Action
from enrichment.audit.entries import AuditEntry
from enrichment.health import Health
from enrichment.jobs.intake import Accepted
from enrichment.jobs.queries import Page
from enrichment.jobs.workload import QueueLoad, Worker
from enrichment.models import ENDED_EARLY, JSON, OPEN, Event, Job, JobStatus, JobType, Model, ReviewStatus
from enrichment.progress import WAITING_FOR_APPROVAL
from enrichment.spending.ledger import AttemptUsage
from enrichment.statistics import ErrorGroup, Minute, Stats
from enrichment.upload import Intake

JOBS = "/api/enrichment/jobs"

Links = dict[str, str]


class JobView(Job):
    """One job. `links` names what can be done with it now."""

    tenant: str = Field(exclude=True)
    links: Links


class AcceptedView(Model):
    """The receipt of a job."""

    job_id: str
    status: JobStatus
    queue: str
    links: Links


class BulkAcceptedView(AcceptedView):
    """The receipt of a bulk that came as lines."""

    intake: Intake


class JobList(Model):
    """A page of jobs without their results, the newest first. `nextCursor` opens the next page, null at the end."""

    jobs: list[JobView]
    next_cursor: str | None


class History(Model):
    """Every change of a job's state and every further attempt, the oldest first."""

    events: list[Event]


class Audit(Model):
    """What was done with the candidate of a job, the oldest first."""

    entries: list[AuditEntry]


class UsageView(Model):
    """What a job's attempts have used of each model, in order."""

    attempts: list[AttemptUsage]


class Matching(Model):
    """How many jobs a bulk action would be for; `more`: they are more than were counted."""

    matching: int
    more: bool


class ActionView(Action):
    """A bulk action, and how far it is."""

    links: Links


class QueueView(Model):
    """A queue by its band. `pausedAt` null: it is not paused."""

    queue: str
    paused_at: datetime | None


class Dashboard(Model):
    """Everything the page shows. What comes from a component that is down is null."""

    at: datetime
    health: Health
    queues: dict[str, QueueLoad] | None
    jobs: list[JobView] | None
    throughput: list[Minute] | None
    errors: list[ErrorGroup] | None
    workers: list[Worker] | None
    stats: Stats | None
    temporal_ui: str | None


class SessionView(Model):
    """Who asks. `keyId` is null where no keys are required and none was shown."""

    tenant: str
    scopes: tuple[Scope, ...]
    key_id: str | None


class FaultView(Model):
    """One thing wrong. `pointer` is the JSON pointer of a field in the body, or `/` and a parameter's name."""

    pointer: str
    reason: str


class Problem(Model):
    """A failure (RFC 9457). `code` is stable; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultView]


def send(answer: Model, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return of_json(answer.model_dump_json(by_alias=True), status, headers)


def of_json(content: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(content, status, headers, "application/json")


def send_accepted(accepted: Accepted, intake: Intake | None = None) -> Response:
    """202, where to look for the job, and whether the key was seen before; of an upload, what became of its lines."""
    home = job_url(accepted.id)
    links = {
        "self": home,
        "status": f"/api/enrichment?jobId={accepted.id}",
        "events": f"{home}/events",
        "cancel": f"{home}/cancel",
    }
    headers = {"Location": home} | ({} if accepted.is_new else {"Idempotent-Replayed": "true"})
    receipt = AcceptedView(job_id=accepted.id, status=accepted.status, queue=accepted.queue, links=links)
    if intake is not None:
        receipt = BulkAcceptedView(**vars(receipt), intake=intake)
    return send(receipt, 202, headers)


_NOTHING: JSON = {}
_VIEW = JobView.model_construct(**_NOTHING)


def view(job: Job) -> JobView:
    """As a copy: constructing goes through every field there is, and takes three times as long."""
    return _VIEW.model_copy(update={**vars(job), "links": _links(job)})


def view_action(action: Action) -> ActionView:
    return ActionView.model_construct(**vars(action), links={"self": f"{JOBS}/actions/{action.action_id}"})


def view_page(page: Page) -> JobList:
    return JobList.model_construct(jobs=[view(job) for job in page.jobs], next_cursor=page.next_cursor)


def job_url(job_id: str) -> str:
    return f"{JOBS}/{job_id}"


def _links(job: Job) -> Links:
    home = job_url(job.job_id)
    has_document = job.type is JobType.COMPETENCE_FILE_GENERATION and job.status is JobStatus.COMPLETED
    review = None if job.review is None else job.review.status
    is_bulk = job.type is JobType.BULK_CANDIDATE_ENRICHMENT
    can_retry = job.status in ENDED_EARLY or review is ReviewStatus.REJECTED or (is_bulk and _is_partial(job))
    can_continue = job.progress is not None and job.progress.stage == WAITING_FOR_APPROVAL
    links = (
        ("self", home, True),
        ("events", f"{home}/events", True),
        ("history", f"{home}/history", True),
        ("input", f"{home}/input", True),
        ("cancel", f"{home}/cancel", job.status in OPEN),
        ("retry", f"{home}/retry", can_retry),
        ("continue", f"{home}/continue", can_continue),
        ("review", f"{home}/review", review in (ReviewStatus.DRAFT, ReviewStatus.REJECTED)),
        ("audit", f"{home}/audit", True),
        ("document", f"{home}/document?format=md", has_document),
        ("children", f"{home}/children", is_bulk),
        ("results", f"{home}/results", is_bulk),
        ("failures", f"{home}/failures", is_bulk),
        ("parent", job_url(job.parent_id or ""), job.parent_id is not None),
    )
    return {name: url for name, url, applies in links if applies}


def _is_partial(bulk: Job) -> bool:
    """Whether a bulk is completed without all of its jobs being so."""
    return bulk.result is not None and bulk.result["completed"] < bulk.result["total"]
