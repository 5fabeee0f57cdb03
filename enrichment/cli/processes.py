"""`enrich dev`, `api` and `worker`: processes that run until they are told to stop."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from enrichment import modulepath
from enrichment.cli import location
from enrichment.cli.options import bands


def dev(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The API's port; 0: a free one.")] = 8000,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where its state is kept. Default: ENRICHMENT_DATA_DIR, or .enrich."),
    ] = None,
) -> None:
    """PostgreSQL, Redis, Temporal, the API and a worker come up from Python packages alone, with no container and no
    root. When everything answers, it prints `ready URL`; where everything is stands in DIR/stack.json, and the other
    commands find it there. State survives a restart.

    \b
    Example:
      enrich dev --port 8000 --data-dir .enrich
    """
    from enrichment.devstack.run import run

    directory = data_dir or location.data_dir()
    raise typer.Exit(asyncio.run(run(port=port, data_dir=directory, announce=typer.echo)))


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: ENRICHMENT_API_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on. Default: ENRICHMENT_API_PORT.")
    ] = None,
) -> None:
    """It takes its settings from the environment; `.env.example` lists them.

    \b
    Example:
      enrich api --port 8000
    """
    if host is not None:
        os.environ["ENRICHMENT_API_HOST"] = host
    if port is not None:
        os.environ["ENRICHMENT_API_PORT"] = str(port)
    modulepath.run("api")


def worker(
    queue: Annotated[
        list[str] | None,
        typer.Option(
            callback=bands, metavar="BAND", help="A queue to serve; repeat for several. Default: ENRICHMENT_QUEUES."
        ),
    ] = None,
) -> None:
    """It takes its settings from the environment; `.env.example` lists them. Run as many as the work needs.

    \b
    Example, a worker kept free for urgent jobs:
      enrich worker --queue critical --queue high
    """
    if queue:
        os.environ["ENRICHMENT_QUEUES"] = ",".join(queue)
    modulepath.run("worker")
