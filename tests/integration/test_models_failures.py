"""Every way in which a provider fails, over HTTP: how the job ends, after how many retries and requests."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from enrichment import temporal
from enrichment.enrichers.llm import limited
from enrichment.models import Job
from tests.integration.models import CANARY, Models, candidate, stack
from tests.provider.scenarios import FORBIDDEN, SCENARIOS


class Row(NamedTuple):
    """`code` None: the job is completed."""

    code: str | None
    retries: int
    requests: int


EXPECTED = {
    "good": Row(None, 0, 1),
    "steady": Row(None, 0, 1),
    "no_usage": Row(None, 0, 1),
    "rate_limited_once": Row(None, 0, 2),
    "rate_limited_until": Row(None, 0, 2),
    "rate_limited_until_past": Row(None, 0, 2),
    "rate_limited_without_delay": Row(None, 0, 2),
    "quota": Row("provider_quota", 0, 1),
    "server_error_once": Row(None, 1, 2),
    "server_error": Row("provider_unavailable", 1, 2),
    "bad_gateway": Row(None, 1, 2),
    "html_503": Row(None, 1, 2),
    "overloaded_in_stream": Row(None, 1, 2),
    "unauthorized_once": Row("provider_auth", 0, 1),
    "unauthorized": Row("provider_auth", 0, 1),
    "forbidden": Row("provider_auth", 0, 1),
    "no_such_model": Row("provider_auth", 0, 1),
    "too_long_once": Row(None, 0, 2),
    "too_long": Row("context_too_long", 0, 2),
    "filtered_400": Row("content_refused", 0, 1),
    "filtered_200": Row("content_refused", 0, 1),
    "slow": Row("provider_timeout", 1, 2),
    "times_out": Row(None, 1, 2),
    "drops_once": Row(None, 1, 2),
    "drops_midway": Row(None, 1, 2),
    "breaks_off": Row(None, 1, 2),
    "prose_once": Row(None, 0, 2),
    "prose": Row("invalid_output", 1, 4),
    "empty": Row(None, 1, 3),
    "malformed": Row(None, 0, 2),
    "cut_off_once": Row(None, 0, 2),
    "no_json": Row(None, 1, 2),
    "wrong_shape": Row(None, 1, 2),
    "nul": Row(None, 0, 1),
    "hides": Row(None, 0, 1),
    "half_characters": Row(None, 0, 3),
    "odd_usage": Row(None, 0, 1),
    "invents_once": Row(None, 0, 2),
    "invents": Row(None, 0, 2),
}


class Outcomes(NamedTuple):
    models: Models
    jobs: dict[str, Job]
    tokens: dict[str, str]
    logged: list[str]

    def requests(self, scenario: str) -> int:
        return self.models.provider.seen[self.tokens[scenario]].count


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

            pausing = [scenario for scenario in EXPECTED if scenario.startswith("rate_limited")]
            async with asyncio.timeout(100):
                await asyncio.gather(*map(run, EXPECTED.keys() - set(pausing)))
                await asyncio.gather(*map(run, pausing))
            yield Outcomes(models, jobs, tokens, logged.lines)
    logging.getLogger().removeHandler(logged)


def test_each_scenario_has_its_row() -> None:
    assert EXPECTED.keys() == SCENARIOS.keys() - {"cooling"}, "that one is in `test_models`"
    assert len(EXPECTED) >= 25


@pytest.mark.parametrize("scenario", EXPECTED)
async def test_each_failure_ends_as_its_row_says(outcomes: Outcomes, scenario: str) -> None:
    job, expected = outcomes.jobs[scenario], EXPECTED[scenario]
    assert Row(job.error_code, job.retry_count, outcomes.requests(scenario)) == expected
    assert job.status == ("failed" if expected.code else "completed")
    if job.result is not None:
        assert job.result["faithfulness"]["score"] == 1.0
        assert job.result["provider"] == "openai"


DELAYS_S = {
    "rate_limited_once": 1.0,
    "rate_limited_until": 2.0,
    "rate_limited_without_delay": 2.0,
    "html_503": 1.0,
    "server_error_once": 2.0,
    "drops_once": 2.0,
    "wrong_shape": 2.0,
}
"""At least so long between the first request and the second: what the provider asks for, else the queue's backoff."""


@pytest.mark.parametrize("scenario", DELAYS_S)
async def test_nobody_asks_before_the_provider_wants_to_be_asked(outcomes: Outcomes, scenario: str) -> None:
    first, second, *_ = outcomes.models.provider.seen[outcomes.tokens[scenario]].at
    assert second - first >= DELAYS_S[scenario]


async def test_what_was_used_is_in_the_job_and_what_was_not_told_is_marked(outcomes: Outcomes) -> None:
    good, silent = outcomes.jobs["good"], outcomes.jobs["no_usage"]
    assert good.usage is not None
    assert (good.usage.input_tokens, good.usage.output_tokens) == (1_000, 100)
    assert good.usage.cost_usd
    assert good.result is not None
    assert good.result["usage"]["costUsd"] == good.usage.cost_usd
    assert silent.result is not None
    assert (silent.result["usage"]["usageReported"], silent.result["usage"]["costUsd"]) == (False, None)


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
    client = await temporal.connect(outcomes.models.settings)
    for job in outcomes.jobs.values():
        history = await client.get_workflow_handle(f"enrich-{job.job_id}.1").fetch_history()
        written = b"".join(event.SerializeToString() for event in history.events).decode(errors="ignore")
        assert job.job_id in written
        assert CANARY not in written
        assert FORBIDDEN not in written


async def test_the_provider_is_not_told_who_the_candidate_is(outcomes: Outcomes) -> None:
    bodies: list[Any] = [body for seen in outcomes.models.provider.seen.values() for body in seen.bodies]
    assert len(bodies) > len(EXPECTED)
    assert [body for body in bodies if CANARY in body.lower()] == []
