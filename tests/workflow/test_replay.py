"""Runs that began under an earlier version go on under this one: each committed history replays."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from enrichment.models import JobType
from tests.workflow.script import WHOLE_SANDBOX
from worker.registry import JOB_WORKFLOWS

HISTORIES = {path.stem: path.read_text() for path in (Path(__file__).parent / "histories").glob("*.json")}


@pytest.mark.parametrize("name", HISTORIES)
async def test_a_recorded_run_replays(name: str) -> None:
    replayer = Replayer(workflows=JOB_WORKFLOWS, workflow_runner=WHOLE_SANDBOX, data_converter=pydantic_data_converter)
    workflow_id = name.partition("@")[0]

    await replayer.replay_workflow(WorkflowHistory.from_json(workflow_id, HISTORIES[name]))


def test_there_is_a_history_of_each_workflow() -> None:
    recorded = " ".join(HISTORIES.values())

    assert {t.workflow for t in JobType if f'"name": "{t.workflow}"' in recorded} == {t.workflow for t in JobType}
