"""A model that cannot be asked on this machine is told before the first job comes, and with the remedy."""

import sys

import pytest

from enrichment.enrichers.llm import naming
from enrichment.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("library", "model"), [("openai", "openai:gpt-4o-mini"), ("pydantic_ai", "anthropic:claude-sonnet-4-5")]
)
def test_a_library_that_is_not_installed(library: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(_env_file=None, model=model, openai_api_key="k", anthropic_api_key="k")
    assert [str(named) for named in naming.models(settings)] == [model]

    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(SettingsError, match=r"ENRICHMENT_MODEL: .* the extra `llm`"):
        naming.models(settings)
