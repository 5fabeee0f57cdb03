"""What a request may say in its query, and the words that queries share with paths and bodies."""

import re
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from enrichment import ids, queues
from enrichment.documents.formats import Format
from enrichment.ids import is_id
from enrichment.jobs.queries import Filter
from enrichment.models import (
    AnyJobType,
    Day,
    ErrorCode,
    Identifier,
    Instant,
    JobRequest,
    JobStatus,
    JobType,
    Locale,
    Model,
    Options,
    SingleJobType,
    WebhookUrl,
)
from enrichment.queues import Queue

MAX_PAGE = 200
_EXAMPLE_ID = "019ab3c2-5d1e-7c3a-9f60-2b7d8e4c1a55"


def _job_id(text: str) -> str:
    """An id that was never given out is 404; what is no id at all, however close it looks, is 422."""
    if not is_id(text):
        raise PydanticCustomError("job_id", "is no job id: an id is a lower-case UUID of version 7, with hyphens")
    return text


def _digits(text: object) -> object:
    """Pydantic alone reads `1_0`, `+5` and `5.0` too."""
    if isinstance(text, str) and not re.fullmatch(r"[0-9]+", text):
        raise PydanticCustomError("digits", "is no number: use the digits 0-9 alone")
    return text


def _priority(text: object) -> Queue | int:
    """A number stands for itself, a band for all of its numbers."""
    written = str(text)
    if band := queues.BY_BAND.get(written.lower()):
        return band
    try:  # not `int` alone: it reads `1_0` and the digits of other scripts too
        return queues.priority_of(int(written) if re.fullmatch(r"[0-9]{1,3}", written) else 0)
    except ValueError:
        raise PydanticCustomError("priority", f"is in no band: use {queues.BANDS}") from None


def _number(text: object) -> int:
    """The priority of a job: a band stands for its lowest number."""
    priority = _priority(text)
    return priority.lowest if isinstance(priority, Queue) else priority


JobId = Annotated[str, AfterValidator(_job_id), Field(examples=[_EXAMPLE_ID])]
DIGITS = BeforeValidator(_digits)


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


def _band(text: str) -> str:
    if text not in queues.BY_BAND:
        raise PydanticCustomError("queue", f"is no queue: use {', '.join(queues.BY_BAND)}")
    return text


IdBeginning = Annotated[str, AfterValidator(_id_beginning)]
BandOrNumber = Annotated[Queue | int, BeforeValidator(_priority, json_schema_input_type=int | str)]
BandInPath = Annotated[str, AfterValidator(_band), Path(alias="queue", description="A queue by its band")]


class PageQuery(_Query):
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), DIGITS] = 50
    cursor: JobId | None = Field(default=None, description="`nextCursor` of the page before")


class ListQuery(PageQuery):
    status: JobStatus | None = None
    type: AnyJobType | None = None
    priority: BandOrNumber | None = Field(default=None, description=queues.BANDS)
    candidate_id: Identifier | None = None
    parent_id: JobId | None = None
    error_code: ErrorCode | None = None
    id: IdBeginning | None = Field(default=None, description="The first characters of the id")


class BulkQuery(_Query):
    """What a bulk's candidates have in common. `type` is that of each child."""

    type: SingleJobType = JobType.CANDIDATE_PROFILE_ENHANCEMENT
    priority: Annotated[
        int, BeforeValidator(_number, json_schema_input_type=int | str), Field(description=queues.BANDS)
    ] = queues.DEFAULT_PRIORITY
    locale: Locale = "en"
    as_of: Day | None = None
    batch_size: Annotated[int, Field(ge=1, le=500), DIGITS] = 25
    max_cost_usd: float | None = Field(default=None, gt=0, le=1_000_000, allow_inf_nan=False)
    canary: Annotated[int, Field(ge=1, le=1_000), DIGITS] | None = None
    canary_approval: Literal["auto", "manual"] = "auto"
    max_failure_rate: float | None = Field(default=None, ge=0, lt=1)
    skip_unchanged: bool = False
    refresh: bool = False
    allow_rules_fallback: bool = False
    max_retries: Annotated[int, Field(ge=0, le=20), DIGITS] | None = None
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
                refresh=self.refresh,
                allow_rules_fallback=self.allow_rules_fallback,
            ),
            max_retries=self.max_retries,
            run_at=self.run_at,
            webhook_url=self.webhook_url,
        )


class DocumentQuery(_Query):
    format: Format = Format.MD


class Narrowing(Model):
    """What a bulk action is narrowed to, as the list is."""

    status: JobStatus | None = None
    type: AnyJobType | None = None
    priority: BandOrNumber | None = None
    candidate_id: Identifier | None = None
    parent_id: JobId | None = None
    error_code: ErrorCode | None = None
    id: IdBeginning | None = None


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
