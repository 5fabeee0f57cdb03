"""`python -m api`: serves the API until SIGTERM or SIGINT. Exit code 2: it may not start with this environment."""

import sys

from sqlalchemy.engine import make_url

from api.app import create_app
from api.server import Server
from enrichment import events, settings
from enrichment.access import secret
from enrichment.hosts import is_loopback
from enrichment.settings import Settings

_OPEN_TO_ALL = (
    "ENRICHMENT_API_HOST is {host}: without keys the API listens only where this machine alone can reach it "
    "(127.0.0.1, ::1 or localhost). To let others in, set ENRICHMENT_API_KEYS_REQUIRED and ENRICHMENT_KEY_PEPPER"
)
_GUESSABLE = ("", "admin", "changeme", "enrichment", "password", "postgres", "secret")


def main() -> int:
    try:
        configured = settings.load()
        if reason := _reason_not_to(configured):
            return _refuse(reason)
        app = create_app(configured)
    except settings.SettingsError as error:
        return _refuse(str(error))
    events.configure()
    Server(app, configured).run()
    return 0


def _reason_not_to(configured: Settings) -> str | None:
    """Why the API may not start like this: it would be open to all, or guarded by what anybody can guess."""
    if not configured.api_keys_required:
        return None if is_loopback(configured.api_host) else _OPEN_TO_ALL.format(host=configured.api_host)
    try:
        secret.pepper(configured)
    except settings.SettingsError as error:
        return str(error)
    database = make_url(configured.database_url.get_secret_value())
    if (database.password or "").lower() in _GUESSABLE and not is_loopback(database.host or "localhost"):
        return (
            "DATABASE_URL has no password, or one that anybody can guess: keys are required, so give it one of its own"
        )
    return None


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
