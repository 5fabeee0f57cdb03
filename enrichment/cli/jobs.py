"""`enrich status`, `watch`, `result`, `list`, `cancel` and `retry`: jobs by their ids."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated

import typer

from enrichment.cli import output
from enrichment.cli.client import Api, ask, connect
from enrichment.cli.errors import CliError, Refused
from enrichment.cli.location import find
from enrichment.cli.options import STATUSES, TYPES, ApiUrl, AsJson, JobId, JobIds, one_of, priority
from enrichment.cli.output import JSON
from enrichment.cli.prose import ending, tell
from enrichment.cli.watching import watch_until_ended

PAGE = 200
"""The most jobs that the API puts on a page."""


def status(job_id: JobId, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """The exit code says whether there is an answer, not how the job is: for that, use `enrich watch`.

    \b
    Example:
      enrich status 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1
    """
    from enrichment.cli import views

    job = ask(api, lambda client: client.job(job_id))
    output.answer(job, as_json=as_json, view=views.job, plain=_plain_job)


def _plain_job(job: JSON) -> Iterator[str]:
    return output.flat({name: value for name, value in job.items() if name not in ("result", "links")})


def watch(job_ids: JobIds, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """The exit code is 0 when all of them completed, 1 when one failed or was cancelled. Ctrl-C stops the watching, not
    the jobs. In a pipe each change is a line: id, status, percentage, message; with --json an object.

    \b
    Example:
      enrich watch 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1
    """
    all_completed = ask(api, lambda client: watch_until_ended(client, job_ids, as_json=as_json))
    raise typer.Exit(0 if all_completed else 1)


def result(job_id: JobId, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """On a terminal it shows what matters most; in a pipe, or with --json, the whole result as JSON.

    \b
    Example:
      enrich result 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1 --json
    """
    job = ask(api, lambda client: client.job(job_id))
    if job["status"] != "completed":
        raise CliError(f"There is no result: the job is {ending(job)}")
    if as_json or not output.is_terminal():
        output.document(job["result"])
        return
    from enrichment.cli.excerpts import excerpt

    output.console().print(excerpt(job["result"], job["type"]))
    tell("The whole result: the same command with --json")


def list_(
    status: Annotated[
        str | None,
        typer.Option(
            callback=one_of(STATUSES, "status"),
            metavar="STATUS",
            help="Only pending, in_progress, completed, failed or cancelled ones.",
        ),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", callback=one_of(TYPES, "job type"), metavar="TYPE", help="Only jobs of this type."),
    ] = None,
    priority: Annotated[
        str | None, typer.Option(callback=priority, metavar="BAND|NUMBER", help="Only jobs of this band, or number.")
    ] = None,
    candidate_id: Annotated[str | None, typer.Option(metavar="ID", help="Only jobs for this candidate.")] = None,
    parent: Annotated[str | None, typer.Option(metavar="ID", help="Only the jobs of this bulk.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on where the page before ended.")] = None,
    api: ApiUrl = None,
    as_json: AsJson = False,
) -> None:
    """In a pipe a job is a line: id, type, status, percentage, queue, candidate, time of submission, error code.

    \b
    Examples:
      enrich list --status failed --limit 100
      enrich list --status failed | cut -f1 | xargs enrich retry
    """
    from enrichment.cli import views

    wanted = {"status": status, "type": type_, "priority": priority, "candidateId": candidate_id, "parentId": parent}
    page = ask(api, lambda client: _pages(client, {k: v for k, v in wanted.items() if v is not None}, limit, cursor))
    output.answer(page, as_json=as_json, view=views.jobs, plain=_plain_jobs)
    if page["nextCursor"] and not as_json and output.is_terminal():
        tell(f"There are more: --limit, or --cursor {page['nextCursor']}")


def _plain_jobs(page: JSON) -> Iterator[str]:
    for job in page["jobs"]:
        progress = f"{job['progress']['percentage']}%"
        yield output.row(
            job["jobId"], job["type"], job["status"], progress, job["queue"], job["candidateId"], job["createdAt"],
            job["errorCode"],
        )  # fmt: skip


async def _pages(client: Api, wanted: JSON, limit: int, cursor: str | None) -> JSON:
    """As many pages as the limit needs, as one."""
    jobs: list[JSON] = []
    while True:
        here = {} if cursor is None else {"cursor": cursor}
        page = await client.jobs(wanted | here | {"limit": min(limit - len(jobs), PAGE)})
        jobs += page["jobs"]
        cursor = page["nextCursor"]
        if cursor is None or len(jobs) >= limit:
            return {"jobs": jobs, "nextCursor": cursor}


def cancel(job_ids: JobIds, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """Work that runs stops within two seconds. Cancelling a bulk cancels its jobs too.

    \b
    Example:
      enrich cancel 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1
    """
    asyncio.run(_steer(api, job_ids, Api.cancel, as_json=as_json))


def retry(job_ids: JobIds, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """Of a bulk, only what is not completed runs again.

    \b
    Example:
      enrich retry 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1
    """
    asyncio.run(_steer(api, job_ids, Api.retry, as_json=as_json))


def continue_(job_ids: JobIds, api: ApiUrl = None, as_json: AsJson = False) -> None:
    """A bulk submitted with --canary runs so many candidates first; where one of them is not completed and faithful it
    waits for this.

    \b
    Example:
      enrich continue 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1
    """
    asyncio.run(_steer(api, job_ids, Api.go_on, as_json=as_json))


async def _steer(
    url: str | None, job_ids: list[str], act: Callable[[Api, str], Awaitable[JSON]], *, as_json: bool
) -> None:
    """Does one thing to each job, also after it was refused for another; refused once, the exit code is 1."""
    refused = False
    async with connect(find(url)) as api:
        for job_id in job_ids:
            try:
                job = await act(api, job_id)
            except Refused as refusal:
                refused = True
                tell(f"{job_id}: {refusal.message}")
            else:
                typer.echo(json.dumps(job) if as_json else output.row(job["jobId"], job["status"]))
    raise typer.Exit(1 if refused else 0)
