"""What a request may say in its body, and how a route is given it."""

from dataclasses import replace
from typing import Annotated, Literal, Self, TypeVar

from fastapi import Depends, Request
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from api import problems, reader
from api.queries import MAX_PAGE, JobId, Narrowing, narrowed_to
from enrichment.actions.records import ActionKind
from enrichment.jobs.queries import Filter
from enrichment.models import Model, ReviewStatus, Submission
from enrichment.review.edits import Edit
from enrichment.settings import Settings

Body = TypeVar("Body", bound=Model)

MAX_REASON = 200


class Cancellation(Model):
    """The body of a cancel, which may be left out."""

    reason: str | None = Field(default=None, min_length=1, max_length=MAX_REASON, strict=True)


class NoBody(Model):
    """The body of a call that takes none: left out, or empty."""


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


async def read_submission(request: Request) -> Submission:
    return _validated(Submission, await _read(request))


async def _bulk_action(request: Request) -> BulkAction:
    return _validated(BulkAction, await _read(request))


async def _cancellation(request: Request) -> Cancellation:
    if not reader.has_body(request):
        return Cancellation()
    return _validated(Cancellation, await _read(request))


async def _no_body(request: Request) -> NoBody:
    if not reader.has_body(request):
        return NoBody()
    return _validated(NoBody, await _read(request))


async def _sign_in(request: Request) -> SignIn:
    return _validated(SignIn, await _read(request))


async def _codec_payloads(request: Request) -> CodecPayloads:
    return _validated(CodecPayloads, await _read(request))


async def _review(request: Request) -> ReviewRequest:
    return _validated(ReviewRequest, await _read(request))


async def _read(request: Request) -> object:
    settings: Settings = request.app.state.settings
    return await reader.read(request, settings.max_body_bytes)


def _validated(shape: type[Body], value: object) -> Body:
    """By the names of the JSON only: `candidate_data` is no second spelling of `candidateData`."""
    try:
        return shape.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise problems.of_body(error) from None


TheSubmission = Annotated[Submission, Depends(read_submission)]
TheBulkAction = Annotated[BulkAction, Depends(_bulk_action)]
TheCancellation = Annotated[Cancellation, Depends(_cancellation)]
Bodiless = Annotated[NoBody, Depends(_no_body)]
TheSignIn = Annotated[SignIn, Depends(_sign_in)]
TheCodecPayloads = Annotated[CodecPayloads, Depends(_codec_payloads)]
TheReview = Annotated[ReviewRequest, Depends(_review)]
