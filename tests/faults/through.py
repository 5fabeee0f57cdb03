"""Leads a child of the stack through the harness's proxies, then becomes it: its pid is the one that the stack knows.

    python -m tests.faults.through POSTGRES_PORT REDIS_PORT TEMPORAL_PORT FILE

The stack tells its children where the servers are by environment variables; only the ports in them change here. FILE
holds a module and its arguments as JSON and is read at each start: what is started next can be
another program.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from urllib.parse import urlsplit


def _at(url: str, port: str) -> str:
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{credentials}@{parts.hostname}:{port}").geturl()


def main() -> None:
    postgres, redis, temporal, file, *more = sys.argv[1:]
    sys.argv = [*json.loads(Path(file).read_text()), *more]
    os.environ["DATABASE_URL"] = _at(os.environ["DATABASE_URL"], postgres)
    os.environ["REDIS_URL"] = _at(os.environ["REDIS_URL"], redis)
    host = os.environ["TEMPORAL_ADDRESS"].rpartition(":")[0]
    os.environ["TEMPORAL_ADDRESS"] = f"{host}:{temporal}"
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
