"""`enrich demo`: the whole product in a minute, on this machine."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from enrichment.cli import output
from enrichment.cli.client import Api, connect
from enrichment.cli.demo.report import Report
from enrichment.cli.demo.resumes import Planned, plan
from enrichment.cli.errors import CliError
from enrichment.cli.following import follow_all
from enrichment.cli.location import Location, stack_file
from enrichment.cli.options import AsJson
from enrichment.cli.output import JSON
from enrichment.cli.prose import tell

ALL_TYPES = 5
INTERRUPTED = 130


def demo(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="Your own candidates.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The API's port; 0: a free one.")] = 0,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep its state here. Default: a temporary directory, deleted at the end."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """It submits résumés as every job type, at several priorities, and stops everything it has started. The exit code
    is 0 when every type completed. With --json each change of a job is a line, and the rest goes to standard error.

    \b
    Examples:
      enrich demo
      enrich demo --keep --port 8000 my-resume.json
    """
    planned = plan(files or [])
    os.environ["ENRICHMENT_REHEARSAL"] = "true"  # the stack's own processes inherit it
    directory = data_dir or Path(tempfile.mkdtemp(prefix="enrich-demo-"))
    code = asyncio.run(_until_signalled(directory, port, planned, keep=keep, as_json=as_json))
    if data_dir is None:
        shutil.rmtree(directory)  # not after an error, whose message names a log in it
    raise typer.Exit(code)


async def _until_signalled(directory: Path, port: int, planned: list[Planned], *, keep: bool, as_json: bool) -> int:
    """Runs the demo; a signal ends it early, with the stack stopped in order all the same."""
    demonstration = asyncio.ensure_future(_demonstrate(directory, port, planned, keep=keep, as_json=as_json))

    def end() -> None:
        _ignore_signals()
        demonstration.cancel()

    for number in _ENDINGS:
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        return await demonstration
    except asyncio.CancelledError:
        tell("Interrupted; everything is stopped again")
        return INTERRUPTED


_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _ignore_signals() -> None:
    """From here on everything stops anyway: an impatient second Ctrl-C would only leave half of it running."""
    for number in _ENDINGS:
        asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)


async def _demonstrate(directory: Path, port: int, planned: list[Planned], *, keep: bool, as_json: bool) -> int:
    with Report(as_json=as_json) as report:
        async with _stack(directory, port, report) as places:
            report.running(places)
            async with connect(Location(places["api"], "the demo")) as api:
                completed = await _run_jobs(api, planned, report, as_json=as_json)
            if keep:
                report.kept(places)
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
                report.stopping()
        report.stopped()
    return 0 if completed == ALL_TYPES else 1


@asynccontextmanager
async def _stack(directory: Path, port: int, report: Report) -> AsyncIterator[JSON]:
    """The whole stack; yields where everything is."""
    from enrichment.devstack.errors import StackError
    from enrichment.devstack.stack import Stack

    stack = Stack(data_dir=directory, port=port, tell=report.starting)
    try:
        await stack.start()
    except StackError as error:
        raise CliError(str(error)) from None
    try:
        yield json.loads(stack_file(directory).read_text())
    finally:
        _ignore_signals()
        await stack.stop()


async def _run_jobs(api: Api, planned: list[Planned], report: Report, *, as_json: bool) -> int:
    """Submits and follows the jobs and shows their results; how many types completed."""
    began = time.monotonic()
    names = {(await api.submit(job.body))["jobId"]: job.name for job in planned}
    report.submitted(names, planned)
    jobs = [await api.job(job_id) for job_id in names]
    with output.display(names, as_json=as_json) as display:
        ended = await follow_all(api, jobs, display)
    by_type = {job["type"]: job for job in reversed(ended) if job["status"] == "completed"}
    report.ended(ended, len(by_type), ALL_TYPES, time.monotonic() - began)
    for job in ended:
        if by_type.get(job["type"]) is job:
            has_document = job["type"] == "competence_file_generation"
            report.result(
                job, names[job["jobId"]], (await api.document(job["jobId"])).decode() if has_document else None
            )
    return len(by_type)
