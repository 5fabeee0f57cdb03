"""What the demo submits."""

import json
from pathlib import Path

import pytest

from enrichment.cli.demo import resumes
from enrichment.cli.errors import BadUsage
from enrichment.models import JobType, Submission
from enrichment.queues import BY_BAND


def files(directory: Path, count: int) -> list[Path]:
    paths = [directory / f"{number}.json" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(json.dumps({"basics": {"name": f"Candidate {number}"}}))
    return paths


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_every_file_is_submitted_as_every_type_at_every_priority(tmp_path: Path, count: int) -> None:
    given = files(tmp_path, count)
    *singles, bulk = resumes.plan(given)
    assert {single.name for single in singles} == {path.stem for path in given}
    assert {job.body["type"] for job in (*singles, bulk)} == set(JobType)
    assert {single.band for single in singles} == set(BY_BAND)
    assert len(bulk.body["candidates"]) == count


def test_what_it_submits_is_valid_and_one_job_is_retried(tmp_path: Path) -> None:
    submissions = [Submission.model_validate(job.body) for job in resumes.plan(files(tmp_path, 4))]
    rehearsals = [submission.options.rehearse for submission in submissions]
    assert sum(rehearsal is not None and rehearsal.fail_code is not None for rehearsal in rehearsals) == 1


def test_the_projects_own_examples_are_always_shown() -> None:
    examples = {path.stem for path in resumes.EXAMPLES.glob("*.json")}
    assert examples
    assert examples <= {job.name for job in resumes.plan([])}


def test_without_any_file_it_says_how_to_give_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumes, "EXAMPLES", tmp_path)
    monkeypatch.setattr(resumes, "RESUMES", tmp_path)
    with pytest.raises(BadUsage, match=r"enrich demo resume\.json"):
        resumes.plan([])
