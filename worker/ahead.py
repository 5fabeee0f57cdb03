"""What a worker of this environment works with, loaded ahead of it: in the process that workers are forked from."""

from contextlib import suppress

from enrichment import settings
from enrichment.enrichers import configured
from enrichment.settings import SettingsError
from worker import run  # noqa: F401 what every worker loads


def load() -> None:
    """What is wrong with the environment, each worker says itself."""
    with suppress(SettingsError):
        configured.load(settings.load())
