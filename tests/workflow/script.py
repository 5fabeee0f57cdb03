"""A Temporal server that skips time, and activities that do as a test tells them: here only order and waits matter."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.boundary import for_workflow
from enrichment import temporal
from enrichment.runs import Activity, BulkRun, Ending, JobRun, LaneRun, Plan, Slice
from enrichment.search_attributes import SEARCH_ATTRIBUTES
from worker.registry import JOB_WORKFLOWS
from worker.run import HEARTBEAT_THROTTLE

TASK_QUEUE = "under-test"
STATELESS = ("enrichment", "pydantic", "annotated_types")
"""Our nouns are pure and the same for every run."""
WHOLE_SANDBOX = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*STATELESS))
"""Unlike production's runner, it lets no module of the workflows see a real clock or chance."""


@dataclass
class Script:
    """What the activities do, and what they saw."""

    env: WorkflowEnvironment
    failures: list[Exception] = field(default_factory=list)
    """Raised by the first attempts at `enrich`, one each, at `milestone`."""
    milestone: int = 0
    silent: int = 0
    """So many attempts at `enrich` never end and never heartbeat."""
    is_ours: bool = True
    writes_ending: bool = True
    """The last step writes the ending, as it does since it can; before, `finish` did."""
    holds: bool = False
    """`enrich` and `run_lane` go on until they are cancelled."""
    is_deaf: bool = False
    """When they are cancelled they answer as if they had ended before."""
    lanes: int = 2
    events_per_run: int = 6_000
    canaries_until: str | None = None
    verdicts: list[bool] = field(default_factory=list)
    """What the looks at the canaries say, one after another; then they are approved."""
    slices: dict[int, list[Slice | ApplicationError]] = field(default_factory=dict)
    """What each lane's activity does, one slice after another; then nothing is left."""

    calls: list[str] = field(default_factory=list)
    jobs: list[JobRun] = field(default_factory=list)
    """What each attempt at `enrich` was given."""
    attempts_at: list[datetime] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    judged: asyncio.Event = field(default_factory=asyncio.Event)
    most_at_once: int = 0
    running: int = 0

    @activity.defn(name=Activity.ENRICH)
    async def enrich(self, job: JobRun) -> str | bool:
        self.calls.append("enrich")
        self.jobs.append(job.model_copy(update={"attempt": job.attempt + activity.info().attempt - 1}))
        self.attempts_at.append(await self.env.get_current_time())
        if self.silent:
            self.silent -= 1
            await asyncio.Event().wait()
        await self._hold()
        if self.failures:
            raise for_workflow(self.failures.pop(0), self.milestone, job.attempt + activity.info().attempt - 1)
        return self._answer(job)

    @activity.defn(name=Activity.RENDER)
    async def render(self, job: JobRun) -> str | bool:
        self.calls.append("render")
        return self._answer(job)

    def _answer(self, job: JobRun) -> str | bool:
        return "completed" if self.is_ours and self.writes_ending and job.is_last_step else self.is_ours

    @activity.defn(name=Activity.FINISH)
    async def finish(self, ending: Ending) -> str:
        self.calls.append("finish")
        self.endings.append(ending)
        return ending.status

    @activity.defn(name=Activity.OPEN_BULK)
    async def open_bulk(self, bulk: BulkRun) -> Plan | None:
        self.calls.append("open_bulk")
        return (
            Plan(lanes=self.lanes, canaries_until=self.canaries_until, events_per_run=self.events_per_run)
            if self.is_ours
            else None
        )

    @activity.defn(name=Activity.RUN_LANE)
    async def run_lane(self, run: LaneRun) -> Slice:
        self.calls.append(f"lane {run.lane}" if run.until is None else f"canary lane {run.lane}")
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await self._hold()
            script = self.slices.get(run.lane, [])
            outcome = script.pop(0) if script else Slice(is_left=False)
        finally:
            self.running -= 1
        if isinstance(outcome, ApplicationError):
            raise outcome
        return outcome

    @activity.defn(name=Activity.JUDGE_CANARIES)
    async def judge_canaries(self, bulk: BulkRun) -> bool:
        self.calls.append("judge")
        self.judged.set()
        return self.verdicts.pop(0) if self.verdicts else True

    @activity.defn(name=Activity.CLOSE_BULK)
    async def close_bulk(self, ending: Ending) -> str:
        self.calls.append("close_bulk")
        self.endings.append(ending)
        return ending.status

    async def _hold(self) -> None:
        self.started.set()
        while self.holds:
            activity.heartbeat()
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                self.calls.append("stopped")
                if self.is_deaf:
                    return
                raise

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Client]:
        activities: list[Callable[..., Any]] = [
            self.enrich, self.render, self.finish, self.open_bulk, self.run_lane, self.judge_canaries, self.close_bulk
        ]  # fmt: skip
        async with Worker(
            self.env.client,
            task_queue=TASK_QUEUE,
            workflows=JOB_WORKFLOWS,
            activities=activities,
            workflow_runner=WHOLE_SANDBOX,
            max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
            default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        ):
            yield self.env.client


@asynccontextmanager
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server that skips time."""
    binary = Path(sys.executable).with_name("temporal-test-server")
    async with await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter, test_server_existing_path=str(binary)
    ) as env:
        await temporal.add_search_attributes(env.client, SEARCH_ATTRIBUTES)
        yield env
