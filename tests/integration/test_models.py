"""Jobs by a model, from end to end: the whole stack, and a provider that is a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from pydantic_ai.usage import RequestUsage
from sqlalchemy import text

from enrichment.breaker import Breaker
from enrichment.enrichers.base import Asker
from enrichment.enrichers.llm.memory import Memory
from enrichment.jobs.queries import Filter
from enrichment.models import SINGLE_TYPES, Job, JobStatus, JobType, Options, ReviewStatus, Submission, WaitReason
from enrichment.responses import store
from enrichment.responses.store import Kept
from enrichment.spending.budgets import Reservation
from tests.integration.models import Models, candidate, stack
from tests.provider.scenarios import MARK


@pytest.fixture(scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Models]:
    """A chain of two models: the second answers where the first fails."""
    chain = "openai:gpt-4o-mini,openai:of-our-own"
    async with stack(tmp_path_factory.mktemp("models"), model=chain, model_timeout_s=20) as started:
        yield started


async def run(models: Models, scenario: str, **fields: Any) -> tuple[Job, int]:
    """The ended job and the requests that it took."""
    mark, token = models.provider.mark(scenario)
    job = await models.ended(await models.submit(candidate(mark), **fields))
    return job, models.provider.seen[token].count


@pytest.mark.parametrize("job_type", SINGLE_TYPES)
async def test_each_type_is_worded_by_a_model_and_counted_by_rules(models: Models, job_type: JobType) -> None:
    job, requests = await run(models, "good", type=job_type)
    assert (job.status, job.provider, job.model, requests) == (JobStatus.COMPLETED, "openai", "gpt-4o-mini", 1)
    result = job.result
    assert result is not None
    assert result["promptVersion"] == f"{job_type}.v2"
    assert "gpt-4o-mini" in result["notice"]
    assert result["faithfulness"]["score"] == 1.0
    if job_type is not JobType.SKILLS_OPTIMIZATION:
        assert "Built billing services in Python." in json.dumps(result)


async def test_where_the_first_model_fails_the_next_answers(models: Models) -> None:
    job, requests = await run(models, "unauthorized_once")
    assert (job.status, job.model, job.retry_count, requests) == (JobStatus.COMPLETED, "of-our-own", 0, 2)
    assert job.usage is not None
    assert job.usage.cost_usd is None, "nobody knows the price"


async def test_where_all_fail_the_rules_answer_if_they_may(models: Models) -> None:
    refused, _ = await run(models, "unauthorized")
    assert (refused.status, refused.error_code) == (JobStatus.FAILED, "provider_auth")
    job, _ = await run(models, "unauthorized", options={"allow_rules_fallback": True})
    assert (job.status, job.provider) == (JobStatus.COMPLETED, "rules")
    assert job.result is not None
    assert "rules_fallback" in [warning["code"] for warning in job.result["warnings"]]


async def test_what_all_models_were_paid_is_in_the_result_and_in_the_audit(models: Models) -> None:
    """Also for answers of no use: the first model's, where the second answers, and all of them, where the rules do."""
    useless = {"max_retries": 0, "options": {"allow_rules_fallback": True}}
    answered, by_rules, failed = await asyncio.gather(
        run(models, "empty"), run(models, "prose", **useless), run(models, "prose", max_retries=0)
    )
    for (job, requests), model in ((answered, "of-our-own"), (by_rules, "rules-1"), (failed, None)):
        [act] = await models.queue.get_audit(job.job_id)
        attempts = await models.queue.get_usage(job.job_id)
        assert act.usage is not None
        assert act.usage.requests == sum(attempt.requests for attempt in attempts) == requests
        assert act.usage.input_tokens == requests * 1_000
        assert act.usage.cost_usd is None, "nobody knows the price of the second"
        assert job.model == model
        if job.result is not None:
            assert job.result["usage"] == act.usage.model_dump(by_alias=True)
        else:
            assert (act.provider, act.model) == ("openai", "gpt-4o-mini,of-our-own")


async def test_of_duplicates_at_the_same_time_one_pays(models: Models) -> None:
    mark, token = models.provider.mark("steady")
    data = candidate(mark)
    ids = await asyncio.gather(*(models.submit(data) for _ in range(4)))
    jobs = await asyncio.gather(*map(models.ended, ids))
    assert models.provider.seen[token].count == 1
    assert sorted(job.usage.input_tokens for job in jobs if job.usage) == [0, 0, 0, 1_000]
    cached = [job.result["usage"]["cached"] for job in jobs if job.result]
    assert sorted(cached) == [False, True, True, True]


async def test_an_answer_in_hand_is_kept_though_its_attempt_was_given_up_while_the_database_was_away(
    models: Models,
) -> None:
    job_id = await models.submit(candidate(models.provider.mark("good")[0]))
    await models.ended(job_id)
    memory = Memory(models.database, models.settings, Asker(job_id=job_id), "v1", refresh=False)
    question = memory.question("openai:gpt-4o-mini", "What is left to say?")
    assert await memory.look(question) is None

    usual, models.database._breaker = models.database._breaker, Breaker(rest_s=3600)
    models.database._breaker.trip()
    keeping = asyncio.create_task(memory.keep(question, {"said": "42"}, RequestUsage(), Reservation()))
    await asyncio.sleep(0)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    models.database._breaker = usual

    async with asyncio.timeout(40):
        while not isinstance(kept := await store.reserve(models.database, question, timedelta(days=1)), Kept):
            await asyncio.sleep(0.05)
    assert kept.response == {"said": "42"}


async def test_an_answer_is_kept_until_somebody_wants_a_new_one(models: Models) -> None:
    mark, token = models.provider.mark("good")
    data = candidate(mark)
    for _ in range(2):
        await models.ended(await models.submit(data))
    assert models.provider.seen[token].count == 1
    await models.ended(await models.submit(data, options={"refresh": True}))
    assert models.provider.seen[token].count == 2
    await models.ended(await models.submit({**data, "work": []}))
    assert models.provider.seen[token].count == 3, "another question"


async def test_a_failed_refresh_leaves_the_answer_that_was_kept(models: Models) -> None:
    mark, token = models.provider.mark("good")
    data = candidate(mark)
    await models.ended(await models.submit(data))
    poor = await models.ended(await models.submit(data, options={"refresh": True, "max_cost_usd": 0.0001}))
    assert (poor.status, poor.error_code) == (JobStatus.FAILED, "budget_exceeded")
    again = await models.ended(await models.submit(data))
    assert (again.status, models.provider.seen[token].count) == (JobStatus.COMPLETED, 1)


def asks(job_id: str, key: str, *, refresh: bool) -> store.Question:
    return store.Question(key.encode(), job_id, 1, "openai:gpt-4o-mini", "v1", refresh=refresh)


async def test_an_answer_is_kept_while_a_new_one_is_asked_for(models: Models) -> None:
    data = {"candidate_data": candidate(), "run_at": "2999-01-01T00:00:00Z"}
    payer = await models.submit({}, **data)
    database, day = models.database, timedelta(days=1)
    await store.store(database, asks(payer, "kept", refresh=False), {"said": "old"}, day)
    first, second = [await models.submit({}, **data) for _ in range(2)]
    late = asks(payer, "kept", refresh=False)

    assert await store.reserve(database, asks(first, "kept", refresh=True), day) == store.RESERVED
    assert await store.reserve(database, asks(second, "kept", refresh=True), day) == store.TAKEN
    assert await store.reserve(database, late, day) == Kept({"said": "old"}, is_own=True), "nobody waits without need"
    await store.release(database, asks(first, "kept", refresh=True))
    assert await store.reserve(database, asks(second, "kept", refresh=True), day) == store.RESERVED
    assert await store.reserve(database, late, day) == Kept({"said": "old"}, is_own=True)
    await store.store(database, asks(second, "kept", refresh=True), {"said": "new"}, day)

    assert await store.reserve(database, asks(first, "kept", refresh=True), day) == Kept({"said": "new"}, is_own=False)
    assert await store.reserve(database, asks(second, "kept", refresh=True), day) == Kept({"said": "new"}, is_own=True)
    await store.store(database, asks(first, "kept", refresh=True), {"said": "too late"}, day)
    assert await store.reserve(database, late, day) == Kept({"said": "new"}, is_own=False), "of two new ones the first"
    after = await models.submit({}, **data)
    assert await store.reserve(database, asks(after, "kept", refresh=True), day) == store.RESERVED


async def test_an_unanswered_question_is_free_once_released(models: Models) -> None:
    data = {"candidate_data": candidate(), "run_at": "2999-01-01T00:00:00Z"}
    first, second = [await models.submit({}, **data) for _ in range(2)]
    database, day = models.database, timedelta(days=1)
    assert await store.reserve(database, asks(first, "free", refresh=False), day) == store.RESERVED
    assert await store.reserve(database, asks(first, "free", refresh=False), day) == store.RESERVED, "its next attempt"
    assert await store.reserve(database, asks(second, "free", refresh=False), day) == store.TAKEN
    await store.release(database, asks(second, "free", refresh=False))
    assert await store.reserve(database, asks(second, "free", refresh=False), day) == store.TAKEN, "not his to release"
    await store.release(database, asks(first, "free", refresh=False))
    assert await kept_of(models, first) == 0
    assert await store.reserve(database, asks(second, "free", refresh=False), day) == store.RESERVED


@pytest.mark.parametrize("reviewed", [0, 1])
async def test_a_rejected_result_is_not_made_of_the_same_answers_again(models: Models, reviewed: int) -> None:
    mark, token = models.provider.mark("good")
    ids = [await models.submit(candidate(mark)) for _ in range(2)]
    for job_id in ids:
        await models.ended(job_id)
    assert models.provider.seen[token].count == 1

    await models.queue.review_job(ids[reviewed], ReviewStatus.REJECTED, by="somebody")
    await models.queue.retry_job(ids[reviewed])
    retried = await models.ended(ids[reviewed])

    assert (retried.run, retried.status, models.provider.seen[token].count) == (2, JobStatus.COMPLETED, 2)
    await models.ended(await models.submit(candidate(mark)))
    assert models.provider.seen[token].count == 2, "the new answer is the one that is kept"


async def age(models: Models, job_id: str, by: timedelta) -> None:
    """The answers that the job has paid are so much older."""
    statement = text("""
        UPDATE enrichment_response SET expires_at = expires_at - CAST(:by AS interval) WHERE job_id = :job_id
        RETURNING job_id
    """)
    assert (await models.database.execute(statement, {"by": by, "job_id": job_id})).all()


async def kept_of(models: Models, job_id: str) -> int:
    statement = text("SELECT count(*) FROM enrichment_response WHERE job_id = :job_id")
    return int((await models.database.execute(statement, {"job_id": job_id})).scalar_one())


async def test_an_answer_is_kept_for_its_time_and_then_asked_anew(models: Models) -> None:
    mark, token = models.provider.mark("good")

    async def asked() -> str:
        job_id = await models.submit(candidate(mark))
        assert (await models.ended(job_id)).status is JobStatus.COMPLETED
        return job_id

    first, kept_for = await asked(), timedelta(days=models.settings.response_days)
    await age(models, first, kept_for - timedelta(hours=1))
    await asked()
    assert models.provider.seen[token].count == 1, "its last hour"
    await age(models, first, timedelta(hours=1))
    second = await asked()
    assert models.provider.seen[token].count == 2
    assert [await kept_of(models, job_id) for job_id in (first, second)] == [0, 1], "the new one is in its place"
    await asked()
    assert models.provider.seen[token].count == 2, "and it is kept as long"


async def test_a_cleanup_deletes_answers_whose_time_is_over(models: Models) -> None:
    kept_for = timedelta(days=models.settings.response_days)
    old, new = [await models.submit(candidate(models.provider.mark("good")[0])) for _ in range(2)]
    await asyncio.gather(models.ended(old), models.ended(new))
    await age(models, old, kept_for)
    await age(models, new, kept_for - timedelta(hours=1))

    await models.queue.cleanup()

    assert [await kept_of(models, job_id) for job_id in (old, new)] == [0, 1]


async def test_a_dry_run_knows_which_answers_are_kept(models: Models) -> None:
    mark, _ = models.provider.mark("good")
    named = {**candidate(mark), "candidateId": "kept-1"}
    for data in (candidate(mark), named):
        await models.ended(await models.submit(data))

    async def cached(data: dict[str, Any], **options: Any) -> tuple[int, int]:
        request = Submission(
            type=JobType.CANDIDATE_PROFILE_ENHANCEMENT, candidate_data=data, options=Options(**options)
        )
        estimate = await models.queue.estimate_job(request)
        return estimate.cached, estimate.tokens.max

    assert await cached(candidate(mark)) == (1, 0)
    assert await cached(named) == (1, 0)
    assert await cached(named, locale="en-GB") == (1, 0), "the same words are asked"
    assert (await cached(named, locale="fr"))[0] == 0
    assert (await cached(named, refresh=True))[0] == 0
    assert (await cached({**named, "candidateId": "another"}))[0] == 0, "an answer belongs to one candidate"
    assert (await cached(candidate(mark, "more")))[0] == 0


async def test_a_budget_is_kept_before_the_call(models: Models) -> None:
    job, requests = await run(models, "good", options={"max_cost_usd": 0.0001})
    assert (job.status, job.error_code, requests) == (JobStatus.FAILED, "budget_exceeded", 0)
    by_rules, requests = await run(models, "good", options={"max_cost_usd": 0.0001, "allow_rules_fallback": True})
    assert (by_rules.status, by_rules.provider, requests) == (JobStatus.COMPLETED, "rules", 0)
    enough, _ = await run(models, "good", options={"max_cost_usd": 1.0})
    assert enough.status is JobStatus.COMPLETED


async def test_progress_moves_while_the_model_writes(models: Models) -> None:
    mark, _ = models.provider.mark("steady")
    job_id = await models.submit(candidate(mark))
    seen = [job.progress async for job in models.queue.watch(job_id)]
    shown = [progress.percentage for progress in seen if progress and progress.stage == "writing"]
    assert len(set(shown)) >= 2
    assert shown == sorted(shown)


async def test_a_cancel_closes_the_connection(models: Models) -> None:
    mark, token = models.provider.mark("slow")
    job_id = await models.submit(candidate(mark))
    async with aclosing(models.queue.watch(job_id)) as changes:
        async for job in changes:
            if job.progress and job.progress.stage == "writing":
                break
    await models.queue.cancel_job(job_id)
    async with asyncio.timeout(30):
        while await models.provider.closed.get() != token:
            pass
    assert (await models.queue.get_job_status(job_id)).status is JobStatus.CANCELLED


async def test_a_bulk_by_a_model_sums_what_it_cost(models: Models) -> None:
    mark, token = models.provider.mark("good")
    people = [candidate(mark, f"number {number}") for number in range(6)]
    job = await models.ended(
        await models.submit({}, type=JobType.BULK_CANDIDATE_ENRICHMENT, candidate_data=None, candidates=people)
    )
    assert job.status is JobStatus.COMPLETED, job.error
    assert job.result is not None
    assert (job.result["completed"], job.result["usage"]["inputTokens"]) == (6, 6_000)
    assert models.provider.seen[token].count == 6


@pytest.fixture(scope="module")
async def model(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Models]:
    """One model alone: where it may not be asked, nobody answers."""
    async with stack(tmp_path_factory.mktemp("model")) as started:
        yield started


async def test_one_refusal_pauses_everybody_and_nobody_fails(model: Models) -> None:
    marks = [model.provider.mark("cooling") for _ in range(30)]
    people = [candidate(mark) for mark, _ in marks]
    # One token for all of them: the first request is refused, the others are answered.
    token = marks[0][1]
    people = [json.loads(MARK.sub(f"scenario-cooling-{token}", json.dumps(one))) for one in people]
    people = [{**one, "skills": [{"name": f"Skill {number}"}]} for number, one in enumerate(people)]
    ids = [await model.submit(one) for one in people]

    async def first_to_wait() -> Job:
        while True:
            for job in await asyncio.gather(*map(model.queue.get_job_status, ids)):
                if job.retry_at is not None:
                    return (await model.queue.explain([job]))[0]

    async with asyncio.timeout(40):
        told = await first_to_wait()
    assert told.waiting is not None
    assert (told.waiting.reason, told.waiting.until) == (WaitReason.PROVIDER, told.retry_at)
    assert told.waiting.message == f"Waiting for the provider until {told.waiting.until:%H:%M} UTC"
    assert (told.status, told.error_code) == (JobStatus.IN_PROGRESS, None)
    jobs = await asyncio.gather(*map(model.ended, ids))

    at = model.provider.seen[token].at
    assert len([moment for moment in at if moment < at[0] + 7.0]) == 1
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}
    assert {(job.retry_count, job.error_code) for job in jobs} == {(0, None)}
    assert len(at) == 31


async def test_a_bulk_waits_for_the_provider_and_no_attempt_counts(model: Models) -> None:
    mark, token = model.provider.mark("rate_limited_once")
    people = [candidate(mark, f"number {number}") for number in range(4)]
    bulk = await model.ended(
        await model.submit({}, type=JobType.BULK_CANDIDATE_ENRICHMENT, candidate_data=None, candidates=people)
    )
    assert bulk.result is not None
    assert (bulk.result["completed"], model.provider.seen[token].count) == (4, 5)
    children = (await model.queue.list_jobs(Filter(parent_id=bulk.job_id))).jobs
    assert {(child.status, child.retry_count) for child in children} == {(JobStatus.COMPLETED, 0)}
