"""What is shown of a job's progress."""

import pytest

from enrichment.models import JobStatus, Progress, Standing
from enrichment.progress import HighWater, shown
from enrichment.snapshots import Snapshot

HALFWAY = Snapshot(1, Progress(percentage=50, stage="merging", message="", seq=7))


def test_the_snapshot_is_shown_while_the_job_runs() -> None:
    assert shown(JobStatus.IN_PROGRESS, 1, HALFWAY, is_redis_up=True) == HALFWAY.progress


def test_the_row_decides_that_a_job_is_over() -> None:
    late = shown(JobStatus.COMPLETED, 1, HALFWAY, is_redis_up=True)
    assert (late.percentage, late.stage) == (100, "completed")
    assert shown(JobStatus.FAILED, 1, HALFWAY, is_redis_up=True).percentage == 50


def test_what_an_earlier_run_had_reached_says_nothing_of_this_one() -> None:
    assert shown(JobStatus.PENDING, 2, HALFWAY, is_redis_up=True).percentage == 0
    assert shown(JobStatus.IN_PROGRESS, 2, HALFWAY, is_redis_up=True).degraded


def test_a_guess_promises_nothing_that_a_count_could_take_back() -> None:
    assert shown(JobStatus.IN_PROGRESS, 1, None, is_redis_up=True).percentage == 0  # a bulk's count begins there


def test_a_guess_is_marked_as_one() -> None:
    assert shown(JobStatus.IN_PROGRESS, 1, None, is_redis_up=True).degraded
    assert shown(JobStatus.PENDING, 1, None, is_redis_up=False).degraded


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.IN_PROGRESS])
def test_what_the_row_alone_says_is_no_guess(status: JobStatus) -> None:
    assert not shown(status, 1, None, is_redis_up=True).degraded


def test_a_job_of_a_bulk_that_has_just_begun_is_at_nothing_and_that_is_no_guess() -> None:
    begun = shown(JobStatus.IN_PROGRESS, 1, None, is_redis_up=True, is_untold=True)
    assert (begun.percentage, begun.degraded) == (0, False)
    assert shown(JobStatus.IN_PROGRESS, 1, None, is_redis_up=False, is_untold=True).degraded


def test_what_was_shown_of_a_run_is_never_taken_back() -> None:
    water = HighWater()
    assert [water.reach("a", 1, percentage) for percentage in (10, 60, 5, 70)] == [10, 60, 60, 70]
    assert water.reach("a", 2, 0) == 0
    assert water.reach("b", 1, 5) == 5


def test_the_job_longest_unseen_is_forgotten() -> None:
    water = HighWater(most=2)
    for job_id in ("a", "b", "a", "c"):
        water.reach(job_id, 1, 50)

    assert water.reach("a", 1, 0) == 50
    assert water.reach("b", 1, 0) == 0


STANDING = Standing.at_first(12, 3).model_copy(update={"pending": 2, "completed": 6, "failed": 3, "cancelled": 1})


@pytest.mark.parametrize("status", JobStatus)
def test_a_bulk_shows_what_became_of_its_candidates_in_each_state_also_without_a_snapshot(status: JobStatus) -> None:
    told = Snapshot(1, Progress(percentage=50, stage=str(status), message=""))

    untold = shown(status, 1, None, is_redis_up=True, standing=STANDING)
    assert (untold.metadata["total"], untold.metadata["completed"], untold.degraded) == (12, 6, False)
    if status is not JobStatus.IN_PROGRESS:  # then what was told is newer
        assert shown(status, 1, told, is_redis_up=True, standing=STANDING).metadata == untold.metadata


def test_a_bulk_that_was_cancelled_keeps_what_it_had_reached_when_its_snapshot_is_gone() -> None:
    assert shown(JobStatus.CANCELLED, 1, None, is_redis_up=True, standing=STANDING).percentage == 75
