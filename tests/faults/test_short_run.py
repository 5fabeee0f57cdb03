"""A short run of the harness on the product, and proof that it would have caught what it looks for."""

from collections.abc import AsyncIterator

import pytest

from tests.faults import report
from tests.faults.actions import Fired
from tests.faults.ledger import Ledger
from tests.faults.plan import Fault, Kind, plan
from tests.faults.points import Points
from tests.faults.run import Summary, Wish, run
from tests.faults.subject import Subject
from tests.faults.windows import DEADLINE_S, WINDOWS, force, pointed

SEED = 4
SECONDS = 18.0


@pytest.fixture(scope="module")
async def subject(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Subject]:
    """One stack for all of them: a run leaves the product working, and each window starts a worker of its own."""
    async with Subject(tmp_path_factory.mktemp("faults")) as started:
        yield started


def test_a_seed_says_which_faults_there_are() -> None:
    assert plan(SEED, 600) == plan(SEED, 600)
    assert plan(SEED, 600) != plan(SEED + 1, 600)
    assert plan(SEED, 60) == [fault for fault in plan(SEED, 600) if fault.at_s < 60]


def test_a_run_whose_fault_did_not_fire_is_not_clean() -> None:
    fault = Fault(2.0, "worker", Kind.KILL)
    wish = Wish(SEED, SECONDS, rate=3.0, faults=(fault,), deadline_s=90.0)

    def is_clean(*evidence: str) -> bool:
        fired = [Fired(fault, 2.0, 2.1, each) for each in evidence]
        return Summary(wish, fired, [], [], Ledger("none"), calls=0, began_at=0.0, settled_s=0.0).is_clean

    assert is_clean("process 7 gone")
    assert not is_clean("")
    assert not is_clean()


async def test_no_job_is_lost_doubled_or_stuck(subject: Subject) -> None:
    faults = tuple(plan(SEED, SECONDS - 2, gap_s=(3.0, 5.0)))
    summary = await run(subject, Wish(SEED, SECONDS, rate=3.0, faults=faults, deadline_s=90.0))
    assert summary.is_clean, report.as_table(summary)
    assert summary.calls > summary.wish.seconds, "a model was asked"


@pytest.fixture(scope="module")
async def points(subject: Subject) -> AsyncIterator[Points]:
    """The product as it is, with fault points."""
    async with pointed(subject) as placed:
        yield placed


@pytest.mark.parametrize("window", WINDOWS)
async def test_the_product_holds_in_each_window(subject: Subject, points: Points, window: str) -> None:
    assert await force(subject, points, window) == set()


async def test_a_row_that_is_marked_before_its_workflow_starts_is_caught(subject: Subject) -> None:
    assert "not terminal past the deadline" in await caught(subject, "no_outbox", "start", deadline_s=4)


async def test_an_ending_without_a_condition_is_caught(subject: Subject) -> None:
    assert await caught(subject, "no_conditional_update", "finish") >= {
        "cancel 2xx that did not end cancelled",
        "runs with other than one terminal event",
        "status flips after terminal",
    }


async def test_a_result_that_is_stored_without_a_condition_is_caught(subject: Subject) -> None:
    assert "result on a job that did not complete" in await caught(subject, "no_result_guard", "save")


async def test_an_answer_that_is_not_kept_is_caught(subject: Subject) -> None:
    assert "provider calls > jobs + deaths" in await caught(subject, "no_result_ledger", "stored")


async def caught(subject: Subject, mutant: str, window: str, deadline_s: float = DEADLINE_S) -> set[str]:
    async with pointed(subject, mutant) as points:
        return await force(subject, points, window, deadline_s)
