"""What people say of a job's result, what it cost, and who did what: `…/{jobId}/review`, `…/usage`, `…/audit`."""

from fastapi import APIRouter
from starlette.responses import Response

from api import answers
from api.access import OWNER, Caller
from api.bodies import TheReview
from api.openapi import OF_BODY, REVIEW_BODY, problems
from api.parameters import JobIdInPath, Nothing, TheQueue

router = APIRouter(prefix=answers.JOBS, tags=["review"])


@router.post(
    "/{jobId}/review",
    summary="Approve or reject a result",
    response_model=answers.JobView,
    responses=problems(404, 409, *OF_BODY),
    openapi_extra=REVIEW_BODY,
)
async def review(queue: TheQueue, caller: Caller, job_id: JobIdInPath, wanted: TheReview, _: Nothing) -> Response:
    """A result is a draft until then. Approved, it never changes again; rejected, its job can be retried.

    An edit names a statement of the result by its JSON pointer and gives its new `value`, or says whether to `accept`
    it; what is not accepted is left out of the approved result. An entry of a list, such as a skill, can be left out
    too.
    """
    job = await queue.review_job(job_id, wanted.status, wanted.edits, by=(caller or OWNER).actor)
    return answers.send(answers.view(job))


@router.get(
    "/{jobId}/usage",
    summary="Read what each attempt has used",
    response_model=answers.UsageView,
    responses=problems(404),
)
async def usage(queue: TheQueue, job_id: JobIdInPath, _: Nothing) -> Response:
    """Requests, tokens and money, by attempt and model; empty where no model was asked, as for jobs by rules."""
    return answers.send(answers.UsageView.model_construct(attempts=await queue.get_usage(job_id)))


@router.get(
    "/{jobId}/audit",
    summary="Read what was done with a candidate's data",
    response_model=answers.Audit,
    responses=problems(404),
)
async def audit(queue: TheQueue, job_id: JobIdInPath, _: Nothing) -> Response:
    """Each run that ended and each review: when, by whom, with which model and prompt, at what cost; no personal data.

    The entries stay when the job is deleted.
    """
    return answers.send(answers.Audit.model_construct(entries=await queue.get_audit(job_id)))
