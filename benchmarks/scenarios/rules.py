"""(k) What the enrichment itself costs: rules and documents, in one thread, with no job around them."""

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.scenario import Scenario
from enrichment.documents import formats
from enrichment.documents.formats import Format
from enrichment.enrichers.base import Task
from enrichment.enrichers.rules import RulesEnricher
from enrichment.models import SINGLE_TYPES, JobType
from enrichment.results import Result

RESUME = Path(__file__).parents[2] / "examples" / "amelie-martin.json"
AS_OF = date(2026, 1, 1)
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


async def run(bench: Bench) -> None:
    rules = RulesEnricher()
    resume: dict[str, Any] = json.loads(RESUME.read_text())
    seconds = bench.pick(0.3, 1.0)
    for job_type in SINGLE_TYPES:
        task = Task(job_type, resume, AS_OF)
        result = await rules.enrich(task, _unheard)
        for _ in range(bench.rounds):
            done, began = 0, time.process_time()
            while time.process_time() - began < seconds:
                await rules.enrich(task, _unheard)
                done += 1
            bench.add(job_type, "per CPU second", done / (time.process_time() - began))
        if job_type is JobType.COMPETENCE_FILE_GENERATION:
            _documents(bench, result, seconds)


def _documents(bench: Bench, result: Result, seconds: float) -> None:
    saved = result.model_dump(mode="json", by_alias=True)
    for wanted in Format:
        for _ in range(bench.rounds):
            done, began = 0, time.process_time()
            while time.process_time() - began < seconds:
                formats.render(saved, wanted, MADE_AT)
                done += 1
            bench.add(f"documents as {wanted}", "per CPU second", done / (time.process_time() - began))


async def _unheard(percentage: int, stage: str, message: str) -> None:
    """Takes a report, and tells nobody."""


SCENARIO = Scenario(
    name="rules",
    question="How many enrichments by rules, and how many documents, does a second of CPU time give?",
    peer="none: it is the work itself, of a résumé of four pages",
    goals=(),
    run=run,
)
