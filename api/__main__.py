"""`python -m api`: serves the API until SIGTERM or SIGINT. Exit code 2: it may not start with this environment."""

import sys

from api.app import create_app
from api.server import Server, is_loopback
from enrichment import events, settings

_OPEN_TO_ALL = (
    "ENRICHMENT_API_HOST is {host}: the API has no keys yet, so it listens only where this machine alone can reach it "
    "(127.0.0.1, ::1 or localhost)"
)


def main() -> int:
    try:
        configured = settings.load()
    except settings.SettingsError as error:
        return _refuse(str(error))
    if not is_loopback(configured.api_host):
        return _refuse(_OPEN_TO_ALL.format(host=configured.api_host))
    events.configure()
    Server(create_app(configured), configured).run()
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
