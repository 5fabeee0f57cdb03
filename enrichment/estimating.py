"""What a submission would do, if it were made: read and refused like the real one, and nothing of it stored."""

from enrichment import queues, submission
from enrichment.db import Database
from enrichment.jobs import statistics
from enrichment.models import JobRequest, JobType, Submission
from enrichment.spending import estimates
from enrichment.spending.estimates import RULES, Estimate, Size
from enrichment.upload import Intake, Upload


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
            size.add(child.payload, child.input_hash)
        return await self._estimate(request, size)

    async def of_upload(self, request: JobRequest, upload: Upload) -> Estimate:
        """Of a bulk that comes as lines, read to their end.

        Raises:
            InvalidInput, TooLarge: as the upload itself would.
        """
        size = Size()
        async for child in upload.children():
            size.add(child.payload, child.input_hash)
        return await self._estimate(request, size, upload.intake)

    async def _estimate(self, request: JobRequest, size: Size, intake: Intake | None = None) -> Estimate:
        is_bulk = request.type is JobType.BULK_CANDIDATE_ENRICHMENT
        job_type = request.options.type if is_bulk else request.type
        band = queues.queue_of(request.priority).band
        pace = await statistics.pace(self._database, self._tenant, job_type, band, by_rules=self._model == RULES)
        return estimates.estimate(self._model, size, pace, intake=intake)
