"""How the command line speaks: its words are the product's, its times are short."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enrichment.cli import options, prose
from enrichment.models import SINGLE_TYPES, JobStatus, JobType
from enrichment.wording import lasting

JOB: dict[str, Any] = {
    "status": "in_progress", "type": "skills_optimization", "result": None, "error": None, "errorCode": None,
    "retryAt": None, "retryCount": 0, "maxRetries": 3, "progress": None,
}  # fmt: skip


def test_the_words_are_those_of_the_product() -> None:
    assert set(options.TYPES) == set(JobType)
    assert set(options.SINGLE_TYPES) == set(SINGLE_TYPES)
    assert set(options.STATUSES) == set(JobStatus)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 ms"), (0.08, "80 ms"), (0.949, "949 ms"), (0.99, "1.0 s"), (9.94, "9.9 s"), (42.3, "42 s"),
        (59.7, "1 min"), (200, "3 min 20 s"), (3_600, "1 h"), (7_500, "2 h 5 min"), (273_600, "3 d 4 h"),
    ],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "completed"}, "completed"),
        (
            {"status": "completed", "type": "bulk_candidate_enrichment", "result": {"completed": 11, "total": 12}},
            "completed: 11 of 12 candidates",
        ),
        ({"status": "failed", "errorCode": "provider_auth", "error": "No key"}, "failed: provider_auth: No key"),
        ({"status": "cancelled", "error": "cancelled by request"}, "cancelled by request"),
        ({"status": "cancelled", "error": "wrong file"}, "cancelled: wrong file"),
        ({"status": "cancelled"}, "cancelled"),
    ],
)
def test_an_ending_is_a_sentence(changes: dict[str, Any], said: str) -> None:
    assert prose.ending(JOB | changes) == said


def test_a_job_that_waits_for_its_next_attempt_says_which_and_when() -> None:
    due = (datetime.now(UTC) + timedelta(seconds=4.2)).isoformat()
    waiting = JOB | {"retryAt": due, "retryCount": 1, "error": "rate limited"}
    assert prose.retry_notice(waiting) == "retry 2 of 3 in 4 s: rate limited"
    assert prose.retry_notice(waiting | {"status": "cancelled"}) is None
    assert prose.retry_notice(JOB) is None
    told = "Waiting for the provider until 14:32 UTC"
    assert prose.retry_notice(waiting | {"progress": {"stage": "waiting", "message": told}}) == told
