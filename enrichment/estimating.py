"""What a submission would do, if it were made: read and refused like the real one, and nothing of it stored."""

from enrichment import queues, submission
from enrichment.db import Database
from enrichment.enrichers.llm import prompts
from enrichment.jobs import workload
from enrichment.models import JobRequest, JobType, Submission
from enrichment.notation import RULES, names_in
from enrichment.responses import store as responses
from enrichment.spending import estimates
from enrichment.spending.estimates import Estimate, Size
from enrichment.upload import Intake, Upload

AT_ONCE = 5_000
"""Candidates for whom kept answers are looked up together."""


class Estimator:
    """Estimates with the model that jobs would be enriched with now, as the settings name it."""

    def __init__(self, database: Database, tenant: str, model: str) -> None:
        self._database = database
        self._tenant = tenant
        self._model = model

    async def of_job(self, request: Submission) -> Estimate:
        """Of a job, or of a bulk whose candidates came with the request.

        Raises:
            InvalidInput: as the submission itself would.
        """
        size = Size()
        for child in submission.children(request) if request.candidates else [submission.alone(request)]:
            size.add(child)
        return await self._estimate(request, size)

    async def of_upload(self, request: JobRequest, upload: Upload) -> Estimate:
        """Of a bulk that comes as lines, read to their end.

        Raises:
            InvalidInput, TooLarge: as the upload itself would.
        """
        size = Size()
        async for child in upload.children():
            size.add(child)
        return await self._estimate(request, size, upload.intake)

    async def _estimate(self, request: JobRequest, size: Size, intake: Intake | None = None) -> Estimate:
        is_bulk = request.type is JobType.BULK_CANDIDATE_ENRICHMENT
        job_type = request.options.type if is_bulk else request.type
        if self._model != RULES and not request.options.refresh:
            await self._leave_out_answered(size, JobType(job_type))
        band = queues.queue_of(request.priority).band
        pace = await workload.pace(self._database, self._tenant, job_type, band, by_rules=self._model == RULES)
        return estimates.estimate(self._model, size, pace, intake=intake)

    async def _leave_out_answered(self, size: Size, job_type: JobType) -> None:
        """What the first model of the chain has answered already is not paid again."""
        first, asked = names_in(self._model)[0], size.asked()
        for some in (asked[at : at + AT_ONCE] for at in range(0, len(asked), AT_ONCE)):
            version = prompts.VERSIONS[job_type]
            size.leave_out(await responses.answered(self._database, self._tenant, first, version, some))
