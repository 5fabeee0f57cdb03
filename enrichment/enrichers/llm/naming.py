"""The models that the settings name: `provider:model`, several with commas between."""

from dataclasses import dataclass
from importlib.util import find_spec

from pydantic import SecretStr

from enrichment.notation import names_in
from enrichment.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Named:
    """One model of the chain, and what its provider is reached with."""

    provider: str
    model: str
    api_key: SecretStr
    base_url: str | None

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"


_KEYLESS = SecretStr("none")
"""What a server of one's own is told; most of them do not look."""


def models(settings: Settings) -> tuple[Named, ...]:
    """The chain, in its order.

    Raises:
        SettingsError: a provider's key is missing, or its library.
    """
    return tuple(_named(name, settings) for name in names_in(settings.model))


def _named(name: str, settings: Settings) -> Named:
    provider, _, model = name.partition(":")
    if any(find_spec(library) is None for library in ("pydantic_ai", provider)):
        raise _unusable("ENRICHMENT_MODEL", f"{name!r} needs libraries that are not here: install the extra `llm`")
    if provider == "anthropic":
        if settings.anthropic_api_key is None:
            raise _unusable("ANTHROPIC_API_KEY", f"is not set, and {name!r} needs it")
        return Named(provider, model, settings.anthropic_api_key, None)
    key = settings.openai_api_key or (_KEYLESS if settings.model_base_url else None)
    if key is None:
        raise _unusable(
            "OPENAI_API_KEY",
            f"is not set, and {name!r} needs it; a server of your own, ENRICHMENT_MODEL_BASE_URL, does not",
        )
    return Named(provider, model, key, settings.model_base_url)


def _unusable(variable: str, why: str) -> SettingsError:
    return SettingsError(f"The environment is not usable:\n  {variable}: {why}")
