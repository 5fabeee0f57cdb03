"""Leads a child of the stack through the harness's proxies, then becomes it: its pid is the one that the stack knows.

    python -m tests.faults.through POSTGRES_PORT REDIS_PORT TEMPORAL_PORT PROVIDER_PORT FILE

The stack tells its children where the servers are by environment variables; only the ports in them change here, and a
model is asked. FILE holds a module and its arguments as JSON and is read at each start: what is started next can be
another program.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from urllib.parse import urlsplit

SLOTS = {
    "ENRICHMENT_SLOTS_CRITICAL": "15",
    "ENRICHMENT_SLOTS_HIGH": "9",
    "ENRICHMENT_SLOTS_NORMAL": "6",
    "ENRICHMENT_SLOTS_LOW": "3",
}
"""Three times the usual: with those the load keeps the queues full, and how soon a job that lost its worker runs again
is how long the line was before it.
"""


def _at(url: str, port: str) -> str:
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{credentials}@{parts.hostname}:{port}").geturl()


def main() -> None:
    postgres, redis, temporal, provider, file, *more = sys.argv[1:]
    sys.argv = [*json.loads(Path(file).read_text()), *more]
    os.environ["DATABASE_URL"] = _at(os.environ["DATABASE_URL"], postgres)
    os.environ["REDIS_URL"] = _at(os.environ["REDIS_URL"], redis)
    host = os.environ["TEMPORAL_ADDRESS"].rpartition(":")[0]
    os.environ["TEMPORAL_ADDRESS"] = f"{host}:{temporal}"
    os.environ["ENRICHMENT_MODEL"] = "openai:gpt-4o-mini"
    os.environ["ENRICHMENT_MODEL_BASE_URL"] = f"http://{host}:{provider}/v1"
    os.environ["ENRICHMENT_REHEARSAL"] = "true"  # the load asks for delays and failures
    os.environ.update(SLOTS)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
