"""Which workflows and activities there are, and how workflow code is run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner

from activities.attempt import Attempts
from activities.bulk import BulkActivities
from activities.endings import Endings
from activities.enrichment import EnrichmentActivities
from activities.maintenance import MaintenanceActivities
from activities.records import RecordActivities
from activities.tally import Tally
from activities.turns import Turns
from activities.webhooks import WebhookActivities
from enrichment.db import Database
from enrichment.enrichers.base import Enricher
from enrichment.snapshots import ProgressStore
from enrichment.webhooks.sender import Sender
from workflows.bulk_candidate_enrichment import BulkCandidateEnrichment
from workflows.candidate_profile_enhancement import CandidateProfileEnhancement
from workflows.competence_file_generation import CompetenceFileGeneration
from workflows.experience_enhancement import ExperienceEnhancement
from workflows.maintenance import CleanUp, Sweep
from workflows.skills_optimization import SkillsOptimization
from workflows.webhook_delivery import WebhookDelivery

JOB_WORKFLOWS = (
    CompetenceFileGeneration,
    CandidateProfileEnhancement,
    SkillsOptimization,
    ExperienceEnhancement,
    BulkCandidateEnrichment,
)
MAINTENANCE_WORKFLOWS = (Sweep, CleanUp)
WEBHOOK_WORKFLOWS = (WebhookDelivery,)

WORKFLOW_RUNNER = UnsandboxedWorkflowRunner()
"""The sandbox took a quarter of a worker's CPU time. A clock or chance in workflow code, `tests/workflow` finds, which
runs each of them in the whole sandbox."""


@dataclass(frozen=True, slots=True)
class Activities:
    """The activities of the job queues, of the maintenance queue and of the webhooks' queue."""

    jobs: tuple[Callable[..., Any], ...]
    maintenance: tuple[Callable[..., Any], ...]
    webhooks: tuple[Callable[..., Any], ...]


def activities(
    database: Database, progress: ProgressStore, client: Client, enricher: Enricher, sender: Sender
) -> Activities:
    endings = Endings(database, progress)
    attempts = Attempts(database, enricher, progress)
    steps = EnrichmentActivities(database, attempts, endings)
    records = RecordActivities(database, endings)
    bulk = BulkActivities(database, attempts, endings, Turns(database), Tally(database, progress))
    maintenance = MaintenanceActivities(database, progress, endings, client)
    return Activities(
        jobs=(
            steps.enrich,
            steps.render,
            records.finish,
            bulk.open_bulk,
            bulk.run_lane,
            bulk.judge_canaries,
            bulk.close_bulk,
        ),
        maintenance=(maintenance.sweep, maintenance.clean_up),
        webhooks=(WebhookActivities(database, sender).deliver,),
    )
