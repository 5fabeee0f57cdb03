"""Every way in which a provider fails, over HTTP: how the job ends, after how many retries and requests, and when."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from temporalio.client import WorkflowHistory

from enrichment import temporal
from enrichment.enrichers.llm import limited
from enrichment.models import Job
from tests.integration.models import CANARY, Models, candidate, stack
from tests.provider.scenarios import FORBIDDEN, SCENARIOS


class Row(NamedTuple):
    """`code` None: the job is completed. `delays_s`: before each request after the first, in seconds.

    That is what the provider asks for, else the queue's backoff; 0 where the same attempt asks again.
    """

    code: str | None
    retries: int
    requests: int
    delays_s: tuple[float, ...] = ()


EXPECTED = {
    "good": Row(None, 0, 1),
    "steady": Row(None, 0, 1),
    "no_usage": Row(None, 0, 1),
    "rate_limited_once": Row(None, 0, 2, (1,)),
    "rate_limited_until": Row(None, 0, 2, (2,)),
    "rate_limited_until_past": Row(None, 0, 2, (1,)),
    "rate_limited_without_delay": Row(None, 0, 2, (2,)),
    "quota": Row("provider_quota", 0, 1),
    "server_error_once": Row(None, 1, 2, (2,)),
    "server_error": Row("provider_unavailable", 1, 2, (2,)),
    "bad_gateway": Row(None, 1, 2, (2,)),
    "html_503": Row(None, 1, 2, (1,)),
    "overloaded_in_stream": Row(None, 1, 2, (2,)),
    "unauthorized_once": Row("provider_auth", 0, 1),
    "unauthorized": Row("provider_auth", 0, 1),
    "forbidden": Row("provider_auth", 0, 1),
    "no_such_model": Row("provider_auth", 0, 1),
    "too_long_once": Row(None, 0, 2, (0,)),
    "too_long": Row("context_too_long", 0, 2, (0,)),
    "too_large_once": Row(None, 0, 2, (0,)),
    "unknown_parameter": Row("provider_auth", 0, 1),
    "request_timeout": Row(None, 1, 2, (2,)),
    "filtered_400": Row("content_refused", 0, 1),
    "filtered_200": Row("content_refused", 0, 1),
    "slow": Row("provider_timeout", 1, 2, (2,)),
    "times_out": Row(None, 1, 2, (2,)),
    "drops_once": Row(None, 1, 2, (2,)),
    "drops_midway": Row(None, 1, 2, (2,)),
    "breaks_off": Row(None, 1, 2, (2,)),
    "prose_once": Row(None, 0, 2, (0,)),
    "prose": Row("invalid_output", 1, 4, (0, 2, 0)),
    "empty": Row(None, 1, 3, (0, 2)),
    "malformed": Row(None, 0, 2, (0,)),
    "cut_off_once": Row(None, 0, 2, (0,)),
    "no_json": Row(None, 1, 2, (2,)),
    "wrong_shape": Row(None, 1, 2, (2,)),
    "nul": Row(None, 0, 1),
    "hides": Row(None, 0, 1),
    "half_characters": Row(None, 0, 3, (0, 0)),
    "odd_usage": Row(None, 0, 1),
    "invents_once": Row(None, 0, 2, (0,)),
    "invents": Row(None, 0, 2, (0,)),
}
PAUSING = [scenario for scenario in EXPECTED if scenario.startswith("rate_limited")]
"""These pause the model for everybody."""


class Outcomes(NamedTuple):
    models: Models
    jobs: dict[str, Job]
    tokens: dict[str, str]
    logged: list[str]
    histories: dict[str, WorkflowHistory]

    def requests(self, scenario: str) -> int:
        return self.models.provider.seen[self.tokens[scenario]].count

    def timers_s(self, scenario: str) -> list[float]:
        """What the job's workflow waited for, in seconds, in its turn."""
        started = (
            event.timer_started_event_attributes
            for event in self.histories[scenario].events
            if event.HasField("timer_started_event_attributes")
        )
        return [timer.start_to_fire_timeout.ToTimedelta().total_seconds() for timer in started]


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


@pytest.fixture(scope="module")
async def outcomes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outcomes]:
    """All scenarios by one worker: at the same time, but for those that pause the model for everybody."""
    logged, tokens, jobs = _Lines(), dict[str, str](), dict[str, Job]()
    logging.getLogger().addHandler(logged)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limited, "WITHOUT_RETRY_AFTER", timedelta(seconds=2))
        async with stack(tmp_path_factory.mktemp("failures"), slots_critical=10) as models:

            async def run(scenario: str) -> None:
                mark, tokens[scenario] = models.provider.mark(scenario)
                jobs[scenario] = await models.ended(await models.submit(candidate(mark)))

            async with asyncio.timeout(100):
                await run("good")  # the model is known to answer: nobody waits to see whether it does
                await asyncio.gather(*map(run, EXPECTED.keys() - {"good", *PAUSING}))
                await asyncio.gather(*map(run, PAUSING))
            client = await temporal.connect(models.settings)
            handles = [client.get_workflow_handle(f"enrich-{job.job_id}.1") for job in jobs.values()]
            fetched = await asyncio.gather(*(handle.fetch_history() for handle in handles))
            histories = dict(zip(jobs, fetched, strict=True))
            yield Outcomes(models, jobs, tokens, logged.lines, histories)
    logging.getLogger().removeHandler(logged)


def test_each_scenario_has_its_row() -> None:
    assert EXPECTED.keys() == SCENARIOS.keys() - {"cooling"}, "that one is in `test_models`"
    assert len(EXPECTED) >= 25


@pytest.mark.parametrize("scenario", EXPECTED)
async def test_each_failure_ends_as_its_row_says(outcomes: Outcomes, scenario: str) -> None:
    job, expected = outcomes.jobs[scenario], EXPECTED[scenario]
    assert (job.error_code, job.retry_count, outcomes.requests(scenario)) == expected[:3]
    assert job.status == ("failed" if expected.code else "completed")
    if job.result is not None:
        assert job.result["faithfulness"]["score"] == 1.0
        assert job.result["provider"] == "openai"


@pytest.mark.parametrize("scenario", EXPECTED)
async def test_nobody_asks_again_before_it_is_time(outcomes: Outcomes, scenario: str) -> None:
    """Each wait is a timer of the job's workflow, which holds no slot; what is asked again at once has none."""
    at, delays = outcomes.models.provider.seen[outcomes.tokens[scenario]].at, EXPECTED[scenario].delays_s
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert [(gap, delay) for gap, delay in zip(gaps, delays, strict=True) if gap < delay] == []
    if scenario in PAUSING:
        assert outcomes.timers_s(scenario), "and perhaps one more, while another job's refusal paused the model"
    else:
        assert outcomes.timers_s(scenario) == [delay for delay in delays if delay]


async def test_what_was_used_is_in_the_job_and_what_was_not_told_is_marked(outcomes: Outcomes) -> None:
    good, silent = outcomes.jobs["good"], outcomes.jobs["no_usage"]
    assert good.usage is not None
    assert (good.usage.input_tokens, good.usage.output_tokens) == (1_000, 100)
    assert good.usage.cost_usd
    assert good.result is not None
    assert good.result["usage"]["costUsd"] == good.usage.cost_usd
    assert silent.result is not None
    assert (silent.result["usage"]["usageReported"], silent.result["usage"]["costUsd"]) == (False, None)


async def test_what_an_attempt_was_paid_in_vain_is_counted_in_the_result_and_in_the_audit(outcomes: Outcomes) -> None:
    mended, in_vain = outcomes.jobs["empty"], outcomes.jobs["prose"]
    assert mended.result is not None
    assert mended.usage is not None
    assert mended.result["usage"]["requests"] == outcomes.requests("empty") == 3
    assert mended.result["usage"]["costUsd"] == mended.usage.cost_usd
    [act] = await outcomes.models.queue.get_audit(in_vain.job_id)
    assert (act.act, act.provider, act.model) == ("failed", "openai", "gpt-4o-mini")
    assert act.usage is not None
    assert in_vain.usage is not None
    assert (act.usage.requests, act.usage.cost_usd) == (outcomes.requests("prose"), in_vain.usage.cost_usd)


async def test_what_nobody_sees_is_not_in_what_a_model_wrote(outcomes: Outcomes) -> None:
    for scenario in ("hides", "half_characters", "nul"):
        written = json.dumps(outcomes.jobs[scenario].result)
        assert "Built billing services in Python." in written
        assert [mark for mark in (r"\u202e", r"\udb40", r"\ud83d", r"\u0000") if mark in written] == []


async def test_what_a_model_invents_is_sent_back_once_and_then_replaced(outcomes: Outcomes) -> None:
    once, always = outcomes.jobs["invents_once"].result, outcomes.jobs["invents"].result
    assert once is not None
    assert always is not None
    for result in (once, always):
        assert "Initech" not in json.dumps(result)
        assert "Kubernetes" not in json.dumps(result)
    assert once["faithfulness"]["violations"] == []
    assert [violation["repaired"] for violation in always["faithfulness"]["violations"]] == [True]


async def test_nothing_of_a_candidate_or_an_answer_is_in_errors_logs_or_temporal(outcomes: Outcomes) -> None:
    assert [line for line in outcomes.logged if CANARY in line or FORBIDDEN in line] == []
    assert [job for job in outcomes.jobs.values() if FORBIDDEN in (job.error or "")] == []
    for scenario, history in outcomes.histories.items():
        written = b"".join(event.SerializeToString() for event in history.events).decode(errors="ignore")
        assert outcomes.jobs[scenario].job_id in written
        assert CANARY not in written
        assert FORBIDDEN not in written


async def test_the_provider_is_not_told_who_the_candidate_is(outcomes: Outcomes) -> None:
    bodies: list[Any] = [body for seen in outcomes.models.provider.seen.values() for body in seen.bodies]
    assert len(bodies) > len(EXPECTED)
    assert [body for body in bodies if CANARY in body.lower()] == []
