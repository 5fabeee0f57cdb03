"""What a request may say outside its body, and what a route is given. Whatever is not named here is refused."""

from dataclasses import replace
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Header, Path, Query, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from api import problems, reader
from api.access import Caller
from enrichment import ids, queues
from enrichment.access.scopes import Principal
from enrichment.actions.records import ActionKind
from enrichment.documents.formats import Format
from enrichment.errors import BY_CODE, Fault, InvalidInput
from enrichment.ids import is_id
from enrichment.jobs.queries import Filter
from enrichment.models import (
    AnyJobType,
    Day,
    Identifier,
    Instant,
    JobRequest,
    JobStatus,
    JobType,
    Locale,
    Model,
    Options,
    ReviewStatus,
    SingleJobType,
    Submission,
    WebhookUrl,
)
from enrichment.queues import Queue
from enrichment.review.edits import Edit
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings

Body = TypeVar("Body", bound=Model)

MAX_PAGE = 200
MAX_REASON = 200
_EXAMPLE_ID = "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55"


def _job_id(text: str) -> str:
    """An id that was never given out is 404; what is no id at all, however close it looks, is 422."""
    if not is_id(text):
        raise PydanticCustomError("job_id", "is no job id: an id is a lower-case UUID of version 7, with hyphens")
    return text


def _priority(text: object) -> Queue | int:
    """A number stands for itself, a band for all of its numbers."""
    try:
        if isinstance(text, str) and text.lower() in queues.BY_BAND:
            return queues.BY_BAND[text.lower()]
        return queues.priority_of(int(str(text)))
    except ValueError:
        raise PydanticCustomError("priority", f"is in no band: use {queues.BANDS}") from None


def _number(text: object) -> int:
    """The priority of a job: a band stands for its lowest number."""
    priority = _priority(text)
    return priority.lowest if isinstance(priority, Queue) else priority


JobId = Annotated[str, AfterValidator(_job_id), Field(examples=[_EXAMPLE_ID])]


class _Query(BaseModel):
    """Base of every query: a parameter that it does not name is an error."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class NoQuery(_Query):
    """A call without parameters."""


class ReadQuery(_Query):
    """`jobId` alone for a job, or `action` alone for an overview."""

    job_id: JobId | None = None
    action: Literal["stats", "health"] | None = None


class SubmitQuery(_Query):
    dry_run: bool = Field(default=False, description="tell what it would take, and store nothing")


class SteerQuery(_Query):
    job_id: JobId
    action: Literal["cancel", "retry"] = "cancel"


def _id_beginning(text: str) -> str:
    if not ids.begins_id(text):
        raise PydanticCustomError("job_id", "is not how an id begins: use the digits 0-9 and a-f, and the hyphens")
    return text


def _error_code(code: str) -> str:
    if code not in BY_CODE:
        raise PydanticCustomError("error_code", f"is no error code: use {', '.join(BY_CODE)}")
    return code


def _band(text: str) -> str:
    if text not in queues.BY_BAND:
        raise PydanticCustomError("queue", f"is no queue: use {', '.join(queues.BY_BAND)}")
    return text


ErrorCode = Annotated[str, AfterValidator(_error_code)]
IdBeginning = Annotated[str, AfterValidator(_id_beginning)]
BandInPath = Annotated[str, AfterValidator(_band), Path(alias="queue", description="A queue by its band")]


class PageQuery(_Query):
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: JobId | None = Field(default=None, description="`nextCursor` of the page before")


class ListQuery(PageQuery):
    status: JobStatus | None = None
    type: AnyJobType | None = None
    priority: Annotated[
        Queue | int | None, BeforeValidator(_priority, json_schema_input_type=str), Field(description=queues.BANDS)
    ] = None
    candidate_id: Identifier | None = None
    parent_id: JobId | None = None
    error_code: ErrorCode | None = None
    id: IdBeginning | None = Field(default=None, description="The first characters of the id")


class BulkQuery(_Query):
    """What a bulk's candidates have in common. `type` is that of each child."""

    type: SingleJobType = JobType.CANDIDATE_PROFILE_ENHANCEMENT
    priority: Annotated[int, BeforeValidator(_number, json_schema_input_type=str), Field(description=queues.BANDS)] = (
        queues.DEFAULT_PRIORITY
    )
    locale: Locale = "en"
    as_of: Day | None = None
    batch_size: int = Field(default=25, ge=1, le=500)
    max_cost_usd: float | None = Field(default=None, gt=0, le=1_000_000, allow_inf_nan=False)
    canary: int | None = Field(default=None, ge=1, le=1_000)
    canary_approval: Literal["auto", "manual"] = "auto"
    max_failure_rate: float | None = Field(default=None, ge=0, lt=1)
    skip_unchanged: bool = False
    max_retries: int | None = Field(default=None, ge=0, le=20)
    run_at: Instant | None = None
    webhook_url: WebhookUrl | None = None
    dry_run: bool = Field(default=False, description="tell what it would take, and store nothing")
    on_invalid: Literal["refuse", "skip"] = Field(default="refuse", description="what a line that cannot be used does")

    @property
    def request(self) -> JobRequest:
        return JobRequest(
            type=JobType.BULK_CANDIDATE_ENRICHMENT,
            priority=self.priority,
            options=Options(
                as_of=self.as_of,
                locale=self.locale,
                type=self.type,
                batch_size=self.batch_size,
                max_cost_usd=self.max_cost_usd,
                canary=self.canary,
                canary_approval=self.canary_approval,
                max_failure_rate=self.max_failure_rate,
                skip_unchanged=self.skip_unchanged,
            ),
            max_retries=self.max_retries,
            run_at=self.run_at,
            webhook_url=self.webhook_url,
        )


class DocumentQuery(_Query):
    format: Format = Format.MD


class Cancellation(Model):
    """The body of a cancel, which may be left out."""

    reason: str | None = Field(default=None, min_length=1, max_length=MAX_REASON, strict=True)


class SignIn(Model):
    """The body of a sign-in."""

    key: str = Field(min_length=1, max_length=200, strict=True)


class CodecPayload(Model):
    """A payload of Temporal as JSON: bytes in base64."""

    metadata: dict[str, str] = Field(default_factory=dict)
    data: str = ""


class CodecPayloads(Model):
    """What Temporal's Web UI sends to a codec server, and gets back."""

    payloads: Annotated[list[CodecPayload], Field(max_length=1_000)]


class ReviewRequest(Model):
    """The body of a review."""

    decision: Literal["approve", "reject"]
    edits: tuple[Edit, ...] = Field(default=(), max_length=1_000)

    @property
    def status(self) -> ReviewStatus:
        return ReviewStatus.APPROVED if self.decision == "approve" else ReviewStatus.REJECTED


class Narrowing(Model):
    """What a bulk action is narrowed to, as the list is."""

    status: JobStatus | None = None
    type: AnyJobType | None = None
    priority: Annotated[Queue | int | None, BeforeValidator(_priority, json_schema_input_type=str | int)] = None
    candidate_id: Identifier | None = None
    parent_id: JobId | None = None
    error_code: ErrorCode | None = None
    id: IdBeginning | None = None


class BulkAction(Model):
    """The body of a bulk action: for the jobs named in `ids`, or for all that match `filter`."""

    action: ActionKind
    filter: Narrowing | None = None
    ids: Annotated[tuple[JobId, ...], Field(min_length=1, max_length=MAX_PAGE)] | None = None
    dry_run: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.filter is None) == (self.ids is None):
            raise PydanticCustomError("one_of", "needs `ids` or `filter`, and not both")
        return self

    @property
    def wanted(self) -> Filter:
        narrowed = Filter() if self.filter is None else narrowed_to(self.filter)
        return replace(narrowed, ids=self.ids or (), statuses=self.action.statuses)


def narrowed_to(wanted: ListQuery | Narrowing) -> Filter:
    """A priority is a number, or a band for all of its numbers."""
    number = wanted.priority if isinstance(wanted.priority, int) else None
    band = wanted.priority if isinstance(wanted.priority, Queue) else number and queues.queue_of(number)
    return Filter(
        status=wanted.status,
        type=wanted.type,
        priority=number,
        queue=band.task_queue if band else None,
        candidate_id=wanted.candidate_id,
        parent_id=wanted.parent_id,
        error_code=wanted.error_code,
        id_begins=wanted.id,
    )


async def plain_parameters(request: Request) -> None:
    """What no parameter may hold, said once: bytes that are not UTF-8, NUL, and a name given twice."""
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise InvalidInput("The request has two keys", (Fault("/Idempotency-Key", "is given twice: send one"),))
    raw = request.scope["query_string"]
    if not raw:
        return
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise InvalidInput("The query is not text in UTF-8") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidInput("The query names a parameter twice")
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidInput("The query holds a NUL character")


async def _queue(request: Request, caller: Caller) -> EnrichmentQueue:
    """As the caller's tenant sees it; where nobody is asked, as no tenant's."""
    return of_caller(request.app.state.queue, caller)


def of_caller(queue: EnrichmentQueue, caller: Principal | None) -> EnrichmentQueue:
    return queue if caller is None else queue.for_tenant(caller.tenant)


async def read_submission(request: Request) -> Submission:
    return _validated(Submission, await reader.read(request, _settings(request).max_body_bytes))


async def _bulk_action(request: Request) -> BulkAction:
    return _validated(BulkAction, await reader.read(request, _settings(request).max_body_bytes))


async def _cancellation(request: Request) -> Cancellation:
    if not reader.has_body(request):
        return Cancellation()
    return _validated(Cancellation, await reader.read(request, _settings(request).max_body_bytes))


async def _sign_in(request: Request) -> SignIn:
    return _validated(SignIn, await reader.read(request, _settings(request).max_body_bytes))


async def _codec_payloads(request: Request) -> CodecPayloads:
    return _validated(CodecPayloads, await reader.read(request, _settings(request).max_body_bytes))


async def _review(request: Request) -> ReviewRequest:
    return _validated(ReviewRequest, await reader.read(request, _settings(request).max_body_bytes))


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _validated(shape: type[Body], value: object) -> Body:
    """By the names of the JSON only: `candidate_data` is no second spelling of `candidateData`."""
    try:
        return shape.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise problems.of_body(error) from None


TheQueue = Annotated[EnrichmentQueue, Depends(_queue)]
TheSubmission = Annotated[Submission, Depends(read_submission)]
TheBulkAction = Annotated[BulkAction, Depends(_bulk_action)]
TheCancellation = Annotated[Cancellation, Depends(_cancellation)]
TheSignIn = Annotated[SignIn, Depends(_sign_in)]
TheCodecPayloads = Annotated[CodecPayloads, Depends(_codec_payloads)]
TheReview = Annotated[ReviewRequest, Depends(_review)]
JobIdInPath = Annotated[JobId, Path(alias="jobId", description="A job's id")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern="^[ -~]*$",
        description="The same key with the same body names the same job, however often it is sent",
    ),
]
LastEventId = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, lt=2**63, description="Only what came after this event")
]
Nothing = Annotated[NoQuery, Query()]
