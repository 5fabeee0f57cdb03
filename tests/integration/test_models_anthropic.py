"""The other protocol: Anthropic's messages, over HTTP, through the same layers."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from enrichment.enrichers.llm import providers
from enrichment.enrichers.llm.naming import Named
from enrichment.enrichers.llm.outputs import ProfileOutput
from enrichment.enrichers.llm.streamed import Streamed
from enrichment.enrichers.llm.writing import Assignment, write
from enrichment.errors import (
    ContentRefused,
    ContextTooLong,
    EnrichmentError,
    ProviderAuth,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderUnavailable,
)
from enrichment.models import JobType
from tests.provider import providing

CANDIDATE: dict[str, Any] = {"work": [{"summary": "Built billing services in Python."}]}
OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-0"
"""The one is given a tool to answer with, the other a form for its text."""
pytestmark = pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")


@pytest.fixture(scope="module")
async def base_url() -> AsyncIterator[str]:
    async with providing() as provider:
        yield provider.base_url.removesuffix("/v1")


async def written(
    base_url: str, scenario: str, monkeypatch: pytest.MonkeyPatch, name: str = NEW
) -> tuple[Any, list[int]]:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{base_url}/{scenario}")
    heard: list[int] = []

    async def listen(pieces: int) -> None:
        heard.append(pieces)

    model = providers.connect(Named("anthropic", name, SecretStr("key"), None), 5)
    assignment = Assignment(JobType.CANDIDATE_PROFILE_ENHANCEMENT, CANDIDATE, "en", lambda _: ())
    return await write(assignment, Streamed(model, name, 5, listen), name, 1_000), heard


@pytest.mark.parametrize("name", [OLD, NEW])
async def test_an_answer(base_url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    output, heard = await written(base_url, "good", monkeypatch, name)

    assert isinstance(output, ProfileOutput)
    assert [told.text for told in output.summary] == ["Built billing services in Python."]
    assert heard


@pytest.mark.parametrize(
    ("scenario", "raised"),
    [
        ("rate_limited", ProviderRateLimited),
        ("overloaded", ProviderOverloaded),
        ("unauthorized", ProviderAuth),
        ("too_long", ContextTooLong),
        ("breaks_off", ProviderUnavailable),
        ("refuses", ContentRefused),
    ],
)
async def test_a_failure(
    base_url: str, scenario: str, raised: type[EnrichmentError], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(raised) as failed:
        await written(base_url, scenario, monkeypatch)

    assert (failed.value.__cause__, failed.value.__context__) == (None, None)
    if scenario == "rate_limited":
        assert failed.value.retry_after == timedelta(seconds=7)
