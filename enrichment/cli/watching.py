"""Watching jobs until they end, and what is said when the person stops watching."""

import asyncio
from collections.abc import Mapping, Sequence

from enrichment.cli import output
from enrichment.cli.client import Api
from enrichment.cli.following import follow_all
from enrichment.cli.prose import tell


async def watch_until_ended(
    api: Api, job_ids: Sequence[str], *, as_json: bool, names: Mapping[str, str] | None = None
) -> bool:
    """Shows the jobs until all have ended; whether all of them completed. `names` says for ids what to call the job."""
    try:
        jobs = await asyncio.gather(*map(api.job, job_ids))
        with output.display(names or {}, as_json=as_json) as display:
            ended = await follow_all(api, jobs, display)
    except asyncio.CancelledError:
        place = f" --api {api.location.url}" if api.location.source == "--api" else ""
        goes_on = "the job goes on" if len(job_ids) == 1 else "the jobs go on"
        tell(f"Stopped watching; {goes_on}. To follow again: enrich watch{place} {' '.join(job_ids)}")
        raise
    return all(job["status"] == "completed" for job in ended)
