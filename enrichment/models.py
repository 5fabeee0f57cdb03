"""The words of the product: job types, states, and the shapes that cross the HTTP boundary (camelCase JSON)."""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from enrichment import errors, queues

JSON = dict[str, Any]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class JobType(StrEnum):
    """What a job does. Each is a Temporal workflow of its own, named in `workflow`."""

    COMPETENCE_FILE_GENERATION = "competence_file_generation"
    CANDIDATE_PROFILE_ENHANCEMENT = "candidate_profile_enhancement"
    SKILLS_OPTIMIZATION = "skills_optimization"
    EXPERIENCE_ENHANCEMENT = "experience_enhancement"
    BULK_CANDIDATE_ENRICHMENT = "bulk_candidate_enrichment"

    @property
    def workflow(self) -> str:
        """The Temporal workflow's name: `CompetenceFileGeneration` and so on."""
        return "".join(word.capitalize() for word in self.value.split("_"))


JOB_TYPES = frozenset(JobType)
SINGLE_TYPES = tuple(t for t in JobType if t is not JobType.BULK_CANDIDATE_ENRICHMENT)
"""The types that enrich one candidate, and so the types that a bulk's children can have."""


class JobStatus(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


OPEN = (JobStatus.PENDING, JobStatus.IN_PROGRESS)
ENDED_EARLY = (JobStatus.FAILED, JobStatus.CANCELLED)
TERMINAL = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class Model(BaseModel):
    """Base of every shape: camelCase outside, snake_case inside, and nothing that the shape does not name."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


def _job_type(value: object) -> object:
    if not isinstance(value, str) or value.lower() not in JOB_TYPES:
        raise PydanticCustomError("unsupported_type", f"is no job type: use {', '.join(JobType)}")
    return JobType(value.lower())


def _single_type(value: object) -> object:
    job_type = _job_type(value)
    if job_type not in SINGLE_TYPES:
        raise PydanticCustomError("unsupported_type", f"is no type of a bulk's children: use {', '.join(SINGLE_TYPES)}")
    return job_type


def _priority(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("priority", f"is neither a band nor a number: use {queues.BANDS}")
    try:
        return queues.priority_of(value)
    except ValueError as error:
        raise PydanticCustomError("priority", str(error)) from None


def _error_code(code: str) -> str:
    if code not in errors.BY_CODE:
        raise PydanticCustomError("error_code", f"is no error code: use {', '.join(errors.BY_CODE)}")
    return code


def _not_dots(value: str) -> str:
    """Clients take `.` and `..` out of an address, however they are written: nobody could erase the candidate."""
    if not value.strip("."):
        raise PydanticCustomError("identifier", "is of dots alone, which no address can name: use letters or digits")
    return value


def _iso_date(value: object) -> object:
    """Only `YYYY-MM-DD`: Pydantic alone would read a number as days since 1970, and Python a week of the year."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, date):
        return value
    raise PydanticCustomError("date", "is no day: write it as 2026-11-23")


def _iso_datetime(value: object) -> object:
    """Only what begins with a day: Pydantic alone would read a number, as a text too, as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("datetime", "is no time: write it as 2026-11-23T09:00:00Z")


def _this_millennium(value: datetime) -> datetime:
    if not 2000 <= value.year < 3000:
        raise PydanticCustomError("datetime", "is no time that a job can wait for: use a year from 2000 to 2999")
    return value


Identifier = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[\w.:@/+\- ]+$", max_length=200),
    AfterValidator(_not_dots),
]
"""A candidate's id in the caller's system. Nothing else checks one: Python's `re` takes other characters for letters.

The length is not said in the pattern: counted repeats of all letters that there are cost 20 MB and 150 ms at each use.
"""
Locale = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
ErrorCode = Annotated[str, AfterValidator(_error_code)]
WebhookUrl = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=2_000)]
AnyJobType = Annotated[JobType, BeforeValidator(_job_type)]
SingleJobType = Annotated[JobType, BeforeValidator(_single_type)]
Priority = Annotated[int, BeforeValidator(_priority, json_schema_input_type=int | str)]
Day = Annotated[date, BeforeValidator(_iso_date)]
Instant = Annotated[AwareDatetime, BeforeValidator(_iso_datetime), AfterValidator(_this_millennium)]


class Rehearsal(Model):
    """Delays and failures on demand, to rehearse load and faults with the real enricher. Off in production."""

    stage_ms: int = Field(default=0, ge=0, le=60_000, strict=True)
    """Pause at each stage of the enrichment."""
    fail_code: ErrorCode | None = None
    """The error code to fail with."""
    fail_attempts: int = Field(default=1, ge=1, le=1_000, strict=True)
    """How many attempts fail; those after them succeed."""


class Options(Model):
    """How to enrich."""

    as_of: Day | None = None
    """The day that an open-ended position is counted to; the day of submission by default."""
    locale: Locale = "en"
    """BCP 47 tag of the language that labels and sentences are written in."""
    type: SingleJobType = JobType.CANDIDATE_PROFILE_ENHANCEMENT
    """Bulk only: the type of each child."""
    max_cost_usd: float | None = Field(default=None, gt=0, le=1_000_000, allow_inf_nan=False, strict=True)
    """What the job, or the whole bulk, may cost at most; before a call that could cost more it fails."""
    batch_size: int = Field(default=25, ge=1, le=500, strict=True)
    """Bulk only: the most children that are begun at a time in one slot; slow work is begun one by one."""
    canary: int | None = Field(default=None, ge=1, le=1_000, strict=True)
    """Bulk only: so many candidates run first; the others wait for what comes of them."""
    canary_approval: Literal["auto", "manual"] = "auto"
    """Whether the others follow by themselves when every canary is completed and faithful; if not, a person decides."""
    max_failure_rate: float | None = Field(default=None, ge=0, lt=1, strict=True)
    """Bulk only: when more of the candidates fail, from 0 to 1, the bulk is stopped; the first 20 decide nothing."""
    skip_unchanged: bool = Field(default=False, strict=True)
    """Bulk only: a candidate whose last completed job was made in the same way of the same data takes over its result.
    """
    refresh: bool = Field(default=False, strict=True)
    """Ask the model anew, also where its answer to the same question is kept."""
    allow_rules_fallback: bool = Field(default=False, strict=True)
    """Where the model fails for good, complete the job by the rules; the result says so in its warnings."""
    rehearse: Rehearsal | None = None


class JobRequest(Model):
    """What is asked for, whoever it is asked for."""

    type: AnyJobType
    priority: Priority = queues.DEFAULT_PRIORITY
    options: Options = Options()
    max_retries: int | None = Field(default=None, ge=0, le=20, strict=True)
    run_at: Instant | None = None
    webhook_url: WebhookUrl | None = None
    """Who is told when it has ended."""


class Submission(JobRequest):
    """The body of `POST /api/enrichment`."""

    candidate_id: Identifier | None = None
    candidate_data: JSON | None = None
    candidates: Annotated[list[JSON], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        bulk = self.type is JobType.BULK_CANDIDATE_ENRICHMENT
        wanted, unwanted = ("candidates", "candidateData") if bulk else ("candidateData", "candidates")
        given = {"candidates": self.candidates is not None, "candidateData": self.candidate_data is not None}
        if not given[wanted]:
            raise PydanticCustomError("missing", f"needs `{wanted}`", {"field": wanted})
        if given[unwanted]:
            raise PydanticCustomError("unexpected", f"takes `{wanted}`, not `{unwanted}`", {"field": unwanted})
        if bulk and self.candidate_id is not None:
            raise PydanticCustomError("unexpected", "is per candidate in a bulk", {"field": "candidateId"})
        return self


class Progress(Model):
    """How far a job is. `seq` grows with every change of a job, also when Redis has lost what it held."""

    percentage: int
    stage: str
    message: str
    metadata: JSON = {}
    attempt: int = 1
    seq: int = 0
    updated_at: datetime | None = None
    degraded: bool = False
    """Redis did not answer, or has lost the snapshot: the percentage is a guess from the row's status."""


class ReviewStatus(StrEnum):
    """What a person has said of a result; a draft until then."""

    DRAFT = "draft"
    APPROVED = "approved"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """What a reviewer has said of one field."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    REJECTED = "rejected"


class ReviewedField(Model):
    """One field of a result, as the enrichment wrote it and as the reviewer wants it; `after` is null if rejected."""

    pointer: str
    verdict: Verdict
    before: Any
    after: Any


class Review(Model):
    """The review of a result. `edits` are in the job itself, and left out of lists."""

    status: ReviewStatus
    reviewed_at: datetime | None = None
    reviewed_by: str | None = None
    edits: tuple[ReviewedField, ...] = ()


class JobUsage(Model):
    """What all attempts of a job have used, or of a bulk, once it has ended, all of its jobs.

    `costUsd` is null as soon as one call's price is unknown: an unknown cost is never a small one.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class Standing(Model):
    """How far a bulk is, counted from its jobs' rows. `done` are those that have ended, however."""

    total: int
    done: int
    pending: int
    in_progress: int
    running: int
    """Of those in progress, the ones that a slot works on: the others wait for a retry."""
    completed: int
    failed: int
    cancelled: int
    skipped: int
    """Of the completed ones, those that were unchanged."""
    rate_per_second: float
    seconds_left: int | None
    """None while nothing can be said."""
    batches: JSON
    """`{total, done, running: [{batch, total, done, failed}]}`: blocks of `batchSize` candidates, in their order."""

    @classmethod
    def at_first(cls, total: int, batches: int) -> Self:
        """Of a bulk of which nothing has begun."""
        return cls(
            total=total,
            done=0,
            pending=total,
            in_progress=0,
            running=0,
            completed=0,
            failed=0,
            cancelled=0,
            skipped=0,
            rate_per_second=0,
            seconds_left=None,
            batches={"total": batches, "done": 0, "running": []},
        )


class WaitReason(StrEnum):
    SCHEDULED = "scheduled"
    APPROVAL = "approval"
    RETRY = "retry"
    PROVIDER = "provider"
    BUDGET = "budget"
    PAUSED = "paused"
    NO_WORKER = "no_worker"
    BUSY = "busy"
    STARTING = "starting"


class Waiting(Model):
    """Why a job does not run now, in one sentence. `until` is when it goes on, where that is known."""

    reason: WaitReason
    message: str
    until: datetime | None = None
    position: int | None = None
    """Its place among the jobs of its queue that wait, from 1."""
    slots: int | None = None
    """Where all are busy: how many its queue has."""


class Job(Model):
    """One job, as `GET` shows it. `priority` is the number, `queue` the Temporal task queue."""

    job_id: str
    run: int
    tenant: str
    candidate_id: str | None
    type: JobType | str
    """A text where a newer version of the product accepted a type that this one does not know."""
    status: JobStatus
    priority: int
    queue: str
    progress: Progress | None = None
    result: JSON | None = None
    """As approved, once it is; `review.edits` tells what was there before."""
    review: Review | None = None
    """Of a completed job other than a bulk."""
    error: str | None
    error_code: str | None
    retry_count: int
    max_retries: int
    retry_at: datetime | None
    parent_id: str | None
    standing: Standing | None = Field(default=None, exclude=True)
    """Of a bulk, as it was last counted; shown as its progress."""
    milestone: int = Field(default=0, exclude=True)
    """The percentage that the run is known to have reached, whatever Redis says; shown in its progress."""
    reused_from: str | None = None
    """The job whose result this one has taken over, instead of enriching the same data again."""
    created_at: datetime
    run_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    provider: str | None
    model: str | None
    usage: JobUsage | None
    waiting: Waiting | None = None
    """Only where a single job is read that waits."""


class Event(Model):
    """A change of a job's state; or, from `in_progress` to itself, a later attempt, with an error's code as its reason
    a failed one, with the reason `enriched` that the result is saved and its document is made now. A later attempt has
    a reason (`attempt 1 was not heard of any more`) where the one before was lost.
    """

    run: int
    from_status: JobStatus | None
    to_status: JobStatus
    at: datetime
    reason: str | None
