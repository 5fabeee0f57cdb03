"""The schema's history. It ships in the wheel, so that `enrich migrate` needs nothing but the package."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from enrichment.settings import Settings


def configuration(settings: Settings) -> Config:
    """Alembic's configuration for this database; there is no `alembic.ini` to find."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["database_url"] = settings.database_url.get_secret_value()
    return config


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Brings the schema up to `revision`. Running it twice, or twice at once, does it once."""
    command.upgrade(configuration(settings), revision)


def downgrade(settings: Settings, revision: str) -> None:
    """Takes the schema back to `revision` (`base`: to nothing). It deletes the data of what it removes."""
    command.downgrade(configuration(settings), revision)
