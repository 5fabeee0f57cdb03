"""The settings of a command that works on the database itself, and not through the API."""

from enrichment.cli import location
from enrichment.cli.errors import BadUsage
from enrichment.settings import Settings, SettingsError, load


def settings() -> Settings:
    """The environment's; where it names no database, the one of the stack that runs on this machine.

    Raises:
        BadUsage: the environment is not usable.
    """
    try:
        configured = load()
    except SettingsError as error:
        raise BadUsage(str(error)) from None
    stack = None if location.variable("DATABASE_URL") else location.running_stack()
    if stack is None:
        return configured
    places = {"database_url": "databaseUrl", "redis_url": "redisUrl", "temporal_address": "temporal"}
    return Settings(**{field: stack[name] for field, name in places.items()})
