"""Writing a run's ending: a local activity, so that it never waits behind an enrichment for a slot."""

from temporalio import activity

from activities.endings import Endings
from enrichment.db import Database
from enrichment.jobs import queries
from enrichment.jobs.transitions import Outcome
from enrichment.models import JobStatus
from enrichment.runs import Activity, Ending


class RecordActivities:
    """The row decides: an ending that comes after another changes nothing."""

    def __init__(self, database: Database, endings: Endings) -> None:
        self._database = database
        self._endings = endings

    @activity.defn(name=Activity.FINISH)
    async def finish(self, ending: Ending) -> str:
        """Writes the ending, and answers with the status that the row has ended in."""
        job = ending.job
        if ending.status in set(JobStatus):
            outcome = Outcome(JobStatus(ending.status), ending.error_code, ending.error)
            if await self._endings.end(job.job_id, job.run, outcome):
                return ending.status
        stands = await queries.statuses(self._database, [job.job_id])
        return stands.get(job.job_id, "deleted")
