"""Turns a candidate's data into a competence file and renders it."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import JobRun

from workflows.lifecycle import ENRICH, RENDER, JobWorkflow


@workflow.defn
class CompetenceFileGeneration(JobWorkflow):
    @workflow.run
    async def run(self, job: JobRun) -> str:
        return await self.live(job, (ENRICH, RENDER))
