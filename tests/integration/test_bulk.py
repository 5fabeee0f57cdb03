"""Bulks on the real stack: what is enriched once, tried out first, stopped, counted and named."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from temporalio.api.enums.v1 import EventType

from activities import bulk as bulk_activities
from activities import lane
from enrichment import temporal
from enrichment.enrichers.base import Report, Task
from enrichment.enrichers.rules import RulesEnricher
from enrichment.errors import Conflict, ContentRefused
from enrichment.jobs import queries, standings
from enrichment.models import Job, JobStatus, JobType, Options, Rehearsal, Submission
from enrichment.results import Result
from enrichment.runs import Plan
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore
from tests.integration.bulks import counts

pytestmark = pytest.mark.usefixtures("worker")


def people(count: int, *, bad: int = 0, of: str = "Ada") -> list[dict[str, Any]]:
    """Different people, of whom the last `bad` cannot be enriched."""
    names = [f"{of} {number}" for number in range(count - bad)] + [f"bad {of} {number}" for number in range(bad)]
    return [{"candidateId": name.replace(" ", "-"), "basics": {"name": name}} for name in names]


@pytest.fixture
def enriched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of those who were enriched, in order; who is called bad is refused."""
    names: list[str] = []
    original = RulesEnricher.enrich

    async def enrich(self: RulesEnricher, task: Task, report: Report) -> Result:
        names.append(name_of(task.candidate))
        if names[-1].startswith("bad"):
            raise ContentRefused("The model refuses this content")
        return await original(self, task, report)

    monkeypatch.setattr(RulesEnricher, "enrich", enrich)
    return names


def name_of(candidate: dict[str, Any]) -> str:
    return str(candidate["basics"]["name"])


async def submit(queue: EnrichmentQueue, candidates: list[dict[str, Any]], **options: Any) -> str:
    request = Submission(
        type=JobType.BULK_CANDIDATE_ENRICHMENT,
        candidates=candidates,
        priority="critical",
        options=Options(type=JobType.SKILLS_OPTIMIZATION, **options),
    )
    return (await queue.add_job(request)).id


async def until(queue: EnrichmentQueue, job_id: str, holds: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(60):
        async for job in queue.watch(job_id):
            if holds(job):
                return job
    raise AssertionError("it ended before")


async def end_of(queue: EnrichmentQueue, job_id: str) -> Job:
    return await until(queue, job_id, lambda job: job.status.is_terminal)


def sums(job: Job) -> tuple[int, ...]:
    assert job.result is not None, job.error
    return tuple(job.result[name] for name in ("total", "completed", "failed", "cancelled", "skipped"))


def standing(job: Job) -> tuple[int, ...]:
    assert job.progress is not None
    return tuple(job.progress.metadata[name] for name in ("total", "done", "completed", "failed", "cancelled"))


async def children(queue: EnrichmentQueue, bulk: str) -> list[Job]:
    return [*(await queue.list_jobs(queries.Filter(parent_id=bulk), limit=200)).jobs][::-1]


async def test_what_fails_is_named_and_a_retry_runs_just_that(queue: EnrichmentQueue, enriched: list[str]) -> None:
    bulk = await submit(queue, people(100, bad=7), batch_size=10)

    end = await end_of(queue, bulk)

    assert sums(end) == (100, 93, 7, 0, 0)
    assert end.result is not None
    jobs = await children(queue, bulk)
    assert end.result["failedJobIds"] == [job.job_id for job in jobs[-7:]]
    assert end.result["errorGroups"] == [{"errorCode": "content_refused", "count": 7, "exampleJobId": jobs[-7].job_id}]
    assert end.progress is not None
    assert end.progress.metadata["batches"]["total"] == 10
    enriched.clear()
    assert end.status is JobStatus.COMPLETED

    assert (await queue.retry_job(bulk)).run == 2

    assert sums(await end_of(queue, bulk)) == (100, 93, 7, 0, 0)
    assert sorted(enriched) == sorted(name for name in map(name_of, people(100, bad=7)) if name.startswith("bad"))
    assert [job.run for job in await children(queue, bulk)] == [1] * 93 + [2] * 7
    enriched.clear()
    await queue.retry_job(jobs[-1].job_id)
    assert (await end_of(queue, jobs[-1].job_id)).run == 3
    assert len(enriched) == 1


async def test_a_bulk_whose_jobs_are_all_completed_is_not_retried(queue: EnrichmentQueue, enriched: list[str]) -> None:
    bulk = await submit(queue, people(3))
    await end_of(queue, bulk)
    with pytest.raises(Conflict, match="All jobs of the bulk are completed"):
        await queue.retry_job(bulk)


async def test_equal_candidates_are_enriched_once_and_each_has_an_ending_of_its_own(
    queue: EnrichmentQueue, enriched: list[str]
) -> None:
    ada, bad = {"basics": {"name": "Ada"}}, {"basics": {"name": "bad"}}
    bulk = await submit(queue, [{"candidateId": f"c{n}", **(ada if n < 6 else bad)} for n in range(8)])

    end = await end_of(queue, bulk)

    assert sums(end) == (8, 6, 2, 0, 0)
    assert sorted(enriched) == ["Ada", "bad", "bad"]  # a failure is nobody else's
    first, *others = (await children(queue, bulk))[:6]
    assert {job.reused_from for job in others} == {first.job_id}
    result = (await queue.get_job_status(others[0].job_id)).result
    assert result is not None
    assert result["usage"]["requests"] == 0
    assert [event.to_status for event in await queue.list_events(others[0].job_id)] == [
        "pending", "in_progress", "completed"
    ]  # fmt: skip


async def test_who_has_not_changed_is_skipped_when_asked(queue: EnrichmentQueue, enriched: list[str]) -> None:
    before = people(4, of="Grace")
    await end_of(queue, await submit(queue, before))
    enriched.clear()
    now = [*before[:3], {**before[3], "skills": [{"name": "Python"}]}, *people(1, of="Edsger")]

    skipping = await end_of(queue, await submit(queue, now, skip_unchanged=True))
    assert sums(skipping) == (5, 5, 0, 0, 3)
    assert sorted(enriched) == ["Edsger 0", "Grace 3"]

    enriched.clear()
    assert sums(await end_of(queue, await submit(queue, now))) == (5, 5, 0, 0, 0)
    assert len(enriched) == 5


async def test_the_others_follow_when_every_canary_is_completed_and_faithful(
    queue: EnrichmentQueue, enriched: list[str]
) -> None:
    bulk = await submit(queue, people(12, bad=1), canary=3)

    assert sums(await end_of(queue, bulk)) == (12, 11, 1, 0, 0)
    assert enriched[:3] == ["Ada 0", "Ada 1", "Ada 2"] or set(enriched[:3]) == {"Ada 0", "Ada 1", "Ada 2"}


async def test_a_canary_that_fails_holds_the_others_until_a_person_decides(
    queue: EnrichmentQueue, enriched: list[str], api: httpx.AsyncClient
) -> None:
    bulk = await submit(queue, people(9, bad=9), canary=2)
    waiting = await until(queue, bulk, lambda job: job.progress is not None and "approval" in job.progress.stage)
    assert waiting.progress is not None
    assert waiting.progress.metadata["pending"] == 7
    assert len(enriched) == 2

    answer = await api.post((await api.get(f"/api/enrichment/jobs/{bulk}")).json()["links"]["continue"])

    assert answer.status_code == 200
    assert (await end_of(queue, bulk)).error == "All 9 candidates failed"
    assert (await api.post(f"/api/enrichment/jobs/{bulk}/continue")).status_code == 409


async def test_a_person_may_want_to_see_good_canaries_too(queue: EnrichmentQueue, enriched: list[str]) -> None:
    bulk = await submit(queue, people(9), canary=2, canary_approval="manual")
    await until(queue, bulk, lambda job: job.progress is not None and "approval" in job.progress.stage)

    told = [job.waiting and job.waiting.reason for job in await queue.explain(await children(queue, bulk))]
    assert told == [None] * 2 + ["approval"] * 7
    cancelled = await queue.cancel_job(bulk, reason="not good enough")

    assert standing(cancelled) == (9, 9, 2, 0, 7)
    assert len(enriched) == 2
    assert [job.status for job in await children(queue, bulk)] == ["completed"] * 2 + ["cancelled"] * 7


async def test_too_many_failures_stop_a_bulk(queue: EnrichmentQueue, enriched: list[str]) -> None:
    bulk = await submit(queue, people(600, bad=600), max_failure_rate=0.2, batch_size=5)

    end = await end_of(queue, bulk)

    assert (end.status, end.error_code) == (JobStatus.FAILED, "content_refused")
    assert end.error is not None
    assert end.error.endswith("more than 20% (maxFailureRate)")
    jobs = await children(queue, bulk)
    assert {job.status for job in jobs} <= {JobStatus.FAILED, JobStatus.CANCELLED}
    failed = (await counts(queue._database, bulk))[JobStatus.FAILED]
    assert standing(await queue.get_job_status(bulk)) == (600, 600, 0, failed, 600 - failed)
    assert jobs[-1].error == "Its bulk was stopped: too many failed"


async def test_nothing_begins_while_failures_are_counted_that_may_stop_a_bulk(
    queue: EnrichmentQueue, enriched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = standings.tally

    async def slowly(*given: Any) -> Any:
        await asyncio.sleep(0.5)  # in which the lanes could end all the others
        return await counted(*given)

    monkeypatch.setattr(standings, "tally", slowly)
    bulk = await submit(queue, people(300, bad=300), max_failure_rate=0.2, batch_size=5)

    assert "maxFailureRate" in ((await end_of(queue, bulk)).error or "")
    assert len(enriched) < 150


async def test_a_candidate_that_fails_again_and_again_is_tried_as_often_as_a_job_of_its_own(
    queue: EnrichmentQueue,
) -> None:
    failing = Options(rehearse=Rehearsal(fail_code="provider_timeout", fail_attempts=9))
    request = Submission(
        type=JobType.BULK_CANDIDATE_ENRICHMENT,
        candidates=people(2),
        priority="critical",
        options=failing,
        max_retries=1,
    )
    bulk = (await queue.add_job(request)).id

    assert (await end_of(queue, bulk)).error == "All 2 candidates failed"
    for child in (await queue.list_jobs(queries.Filter(parent_id=bulk))).jobs:
        assert (child.status, child.error_code, child.retry_count) == (JobStatus.FAILED, "provider_timeout", 1)
        reasons = [event.reason for event in await queue.list_events(child.job_id)]
        assert reasons.count("provider_timeout") == 2, reasons


async def test_a_long_bulk_goes_on_as_a_new_run_and_enriches_each_candidate_once(
    queue: EnrichmentQueue, enriched: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_activities, "Plan", partial(Plan, events_per_run=40))
    monkeypatch.setattr(lane, "LONGEST", timedelta(milliseconds=20))
    monkeypatch.setattr(lane, "TIME_SLICE", timedelta(milliseconds=20))
    bulk = await submit(queue, people(300, of="Grace"), batch_size=5)

    assert sums(await end_of(queue, bulk)) == (300, 300, 0, 0, 0)
    assert len({name for name in enriched if "Grace" in name}) == 300
    client = await temporal.connect(settings)
    described = await temporal.handle(client, bulk, 1).describe()
    first = described.raw_description.workflow_execution_info.first_run_id
    *_, last = (await client.get_workflow_handle(described.id, run_id=first).fetch_history()).events
    assert last.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW


async def test_a_bulk_is_counted_from_its_rows_also_without_redis(
    queue: EnrichmentQueue, enriched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = await submit(queue, people(9), canary=2, canary_approval="manual")
    await until(queue, bulk, lambda job: job.progress is not None and "approval" in job.progress.stage)

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(ProgressStore, "read", nothing)
    job = await queue.get_job_status(bulk)

    assert job.progress is not None
    assert (job.progress.metadata["done"], job.progress.metadata["total"], job.progress.degraded) == (2, 9, True)
    await queue.cancel_job(bulk)
    assert (await counts(queue._database, bulk))[JobStatus.CANCELLED] == 7


async def test_a_bulk_tells_how_far_it_is_before_the_first_of_its_candidates_ends(
    queue: EnrichmentQueue, enriched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = asyncio.Event()

    async def held(self: RulesEnricher, task: Task, report: Report) -> Result:
        await may_go_on.wait()
        return await original(self, task, report)

    original = RulesEnricher.enrich
    monkeypatch.setattr(RulesEnricher, "enrich", held)
    bulk = await submit(queue, people(9, bad=3))

    begun = await until(queue, bulk, lambda job: job.progress is not None and job.progress.stage == "enriching")
    assert standing(begun) == (9, 0, 0, 0, 0)
    assert begun.progress is not None
    assert (begun.progress.message, begun.progress.degraded) == ("0 of 9 candidates", False)
    may_go_on.set()
    assert standing(await end_of(queue, bulk)) == (9, 9, 6, 3, 0)
    may_go_on.clear()
    await queue.retry_job(bulk)
    again = await until(queue, bulk, lambda job: job.progress is not None and job.progress.stage == "enriching")
    assert standing(again) == (9, 6, 6, 0, 0)
    may_go_on.set()
    await end_of(queue, bulk)


async def test_a_bulk_that_never_began_tells_what_became_of_its_candidates(queue: EnrichmentQueue) -> None:
    request = Submission(type="bulk_candidate_enrichment", candidates=people(2), run_at="2999-01-01T00:00:00Z")
    bulk = (await queue.add_job(request)).id

    assert standing(await queue.get_job_status(bulk)) == (2, 0, 0, 0, 0)
    told = [job.waiting for job in await queue.explain(await children(queue, bulk))]
    assert [waiting and (waiting.reason, waiting.until) for waiting in told] == [("scheduled", request.run_at)] * 2
    assert standing(await queue.cancel_job(bulk)) == (2, 2, 0, 0, 2)


@pytest.mark.parametrize("approval", ["auto", "manual"])
async def test_a_bulk_ends_with_its_canaries_where_the_others_are_equal_to_them(
    queue: EnrichmentQueue, enriched: list[str], approval: str
) -> None:
    equal = [{"candidateId": f"equal-{n}", "basics": {"name": "Ada"}} for n in range(9)]

    assert sums(await end_of(queue, await submit(queue, equal, canary=2, canary_approval=approval))) == (9, 9, 0, 0, 0)


async def test_progress_that_was_never_told_is_no_guess_where_the_row_says_all(
    queue: EnrichmentQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, is_seen = asyncio.Event(), asyncio.Event()

    async def held(*_: Any) -> Result:
        begun.set()
        await is_seen.wait()
        raise ContentRefused("The model refuses this content")

    monkeypatch.setattr(RulesEnricher, "enrich", held)
    bulk = await submit(queue, people(9), canary=1)
    async with asyncio.timeout(60):
        await begun.wait()
    try:
        running, *waiting = await children(queue, bulk)
        await queue.cancel_job(bulk)
    finally:
        is_seen.set()

    ended = await children(queue, bulk)
    assert [job.status for job in (running, *waiting, *ended)] == ["in_progress"] + ["pending"] * 8 + ["cancelled"] * 9
    shown = [job.progress for job in (running, *waiting, *ended) if job.progress is not None]
    assert [(progress.percentage, progress.degraded) for progress in shown] == [(0, False)] * 18
