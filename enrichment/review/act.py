"""The act of reviewing a job."""

from collections.abc import Sequence

from enrichment.db import Database
from enrichment.errors import Conflict
from enrichment.models import Job, JobStatus, JobType, ReviewStatus
from enrichment.responses import store as responses
from enrichment.results import RESULTS
from enrichment.review import edits as editing
from enrichment.review import reviews
from enrichment.review.edits import Edit
from enrichment.review.reviews import Decision


async def review(database: Database, job: Job, status: ReviewStatus, edits: Sequence[Edit], by: str) -> None:
    """Approves or rejects the result of `job`. An approved result is the edited one; a rejected one stays as it is.

    Raises:
        Conflict: there is no result to review, or it is approved, by now.
        InvalidInput: an edit does not fit the result.
    """
    _refuse_unless_draft(job)
    decision = Decision(status, by)
    if edits:
        result, fields = editing.apply(job.result or {}, RESULTS[JobType(job.type)], edits)
        decision = Decision(status, by, fields, result if status is ReviewStatus.APPROVED else None)
    if not await reviews.review(database, job.tenant, job.job_id, job.run, decision):
        raise Conflict("Somebody else has reviewed or retried the job at the same time: read it again")
    if status is ReviewStatus.REJECTED:
        await responses.discard_of_job(database, job.job_id)  # a retry shall not be answered the same


def _refuse_unless_draft(job: Job) -> None:
    if job.type not in RESULTS:
        raise Conflict(f"A {job.type} has no result of its own to review: review its jobs")
    if job.status is not JobStatus.COMPLETED:
        raise Conflict(f"The job is {job.status}: only the result of a completed job can be reviewed")
    if job.review is not None and job.review.status is ReviewStatus.APPROVED:
        raise Conflict("The result is approved: it does not change any more")
