"""Brings a candidate's positions into dated, quantified form."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from enrichment.runs import JobRun

from workflows.lifecycle import ENRICH, JobWorkflow


@workflow.defn
class ExperienceEnhancement(JobWorkflow):
    @workflow.run
    async def run(self, job: JobRun) -> str:
        return await self.live(job, (ENRICH,))
