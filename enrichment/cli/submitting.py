"""`enrich submit`: candidates' files become jobs."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from enrichment.cli.client import connect
from enrichment.cli.errors import BadUsage, Refused
from enrichment.cli.files import STDIN, read_candidate, read_candidates
from enrichment.cli.location import find
from enrichment.cli.options import BULK, SINGLE_TYPES, TYPES, ApiUrl, AsJson, one_of, priority
from enrichment.cli.output import JSON
from enrichment.cli.prose import count, tell
from enrichment.cli.receipts import show_accepted, show_estimate
from enrichment.cli.uploading import upload
from enrichment.cli.watching import watch_until_ended


def _day(text: str | None) -> str | None:
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"{text} is no day: write it as 2026-11-23") from None


def _instant(text: str | None) -> str | None:
    """With a zone, as the API wants it: without one, the person means the time of this machine."""
    try:
        return None if text is None else datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text} is no time: write it as 2026-11-23T09:00 or 2026-11-23T09:00+01:00") from None


def _share(value: float | None) -> float | None:
    if value is None or 0 <= value < 1:
        return value
    raise typer.BadParameter(f"{value:g} is no share to stop at: write it as 0.2, from 0 to less than 1")


def _given(values: JSON) -> JSON:
    """Without what was not given: the API's defaults hold."""
    return {name: value for name, value in values.items() if value not in (None, {})}


def submit(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="A candidate as JSON; - is standard input.", show_default=False),
    ],
    type_: Annotated[
        str | None,
        typer.Option("--type", callback=one_of(TYPES, "job type"), metavar="TYPE", help="What to do, see above."),
    ] = None,
    bulk: Annotated[
        bool,
        typer.Option("--bulk", help="One bulk of all lines of all FILEs: NDJSON, or that as .gz, of any length."),
    ] = False,
    priority: Annotated[
        str | None,
        typer.Option(
            callback=priority,
            metavar="BAND|NUMBER",
            help="critical (20), high (10-15), normal (5-9), low (1-4). Default: normal.",
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the jobs until they end.")] = False,
    candidate_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The candidate's id in your system; for one FILE.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Submitting again under the same key makes no second job.")
    ] = None,
    max_retries: Annotated[int | None, typer.Option(min=0, max=20, help="Default: the queue's.")] = None,
    run_at: Annotated[
        str | None,
        typer.Option(callback=_instant, metavar="TIME", help="Not before this time; without a zone it is local time."),
    ] = None,
    locale: Annotated[str | None, typer.Option(metavar="TAG", help="Language of labels and sentences: en, fr")] = None,
    as_of: Annotated[
        str | None, typer.Option(callback=_day, metavar="DAY", help="The day that open-ended positions are counted to.")
    ] = None,
    child_type: Annotated[
        str | None,
        typer.Option(
            callback=one_of(SINGLE_TYPES, "type for one candidate"),
            metavar="TYPE",
            help="Bulk only: what to do with each candidate.",
        ),
    ] = None,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="--bulk: leave out the lines that cannot be used, and name them.")
    ] = False,
    batch_size: Annotated[int | None, typer.Option(min=1, max=500, help="Bulk only. Default: 25.")] = None,
    canary: Annotated[
        int | None,
        typer.Option(min=1, max=1_000, help="Bulk only: so many first; the others follow when all of these are good."),
    ] = None,
    max_failure_rate: Annotated[
        float | None,
        typer.Option(
            callback=_share,
            metavar="SHARE",
            help="Bulk only: stop when more than this share fails, as 0.2.",
        ),
    ] = None,
    skip_unchanged: Annotated[
        bool, typer.Option("--skip-unchanged", help="Bulk only: who has not changed since keeps the last result.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the model anew, also where its answer to the same question is kept.")
    ] = False,
    allow_rules_fallback: Annotated[
        bool, typer.Option("--allow-rules-fallback", help="Where the model fails for good, complete the job by rules.")
    ] = False,
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="Who is told when a job has ended.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what it would take, in tokens, money and time; submit nothing.")
    ] = False,
    stage_ms: Annotated[
        int | None, typer.Option(min=0, max=60_000, help="Rehearsals only: pause at each stage, in milliseconds.")
    ] = None,
    api: ApiUrl = None,
    as_json: AsJson = False,
) -> None:
    """Each FILE becomes a job. With --bulk the lines of all become one bulk: each is enriched as --type, by default
    candidate_profile_enhancement. With --type bulk_candidate_enrichment a few FILEs do, which may hold arrays too. In a
    pipe a job is a line: id, status, queue, file.

    \b
    Types:
      competence_file_generation     a document that presents the candidate
      candidate_profile_enhancement  headline, summary, what is missing
      skills_optimization            canonical names, years, levels
      experience_enhancement         positions, results, gaps
      bulk_candidate_enrichment      many candidates at once, as --child-type

    \b
    Examples:
      enrich submit resume.json --type skills_optimization --priority high --watch
      enrich submit people.ndjson --bulk --type skills_optimization --priority low --watch
      enrich submit *.json --type bulk_candidate_enrichment --child-type skills_optimization
      generate-resume | enrich submit - --type experience_enhancement --json
    """
    options = {
        "locale": locale,
        "asOf": as_of,
        "batchSize": batch_size,
        "canary": canary,
        "maxFailureRate": max_failure_rate,
        "skipUnchanged": skip_unchanged or None,
        "refresh": refresh or None,
        "allowRulesFallback": allow_rules_fallback or None,
    }
    shared = {"priority": priority, "maxRetries": max_retries, "runAt": run_at, "webhookUrl": webhook}
    if bulk:
        _only(not candidate_id and not stage_ms, "--candidate-id and --stage-ms are not for --bulk")
        each = child_type or (None if type_ == BULK else type_)
        query = _given(
            shared | options | {"type": each, "dryRun": dry_run or None, "onInvalid": "skip" if skip_invalid else None}
        )
        asyncio.run(upload(api, files, query, idempotency_key, watch=watch, as_json=as_json))
        return
    is_bulk = type_ == BULK
    _only(type_ is not None, "Missing option '--type'; without it there is only --bulk")
    _only(not skip_invalid, "--skip-invalid is for --bulk")
    for_bulks: JSON = {"--child-type": child_type, "--batch-size": batch_size, "--canary": canary}
    for_bulks |= {"--max-failure-rate": max_failure_rate, "--skip-unchanged": skip_unchanged or None}
    for option, value in for_bulks.items():
        _only(is_bulk or value is None, f"{option} is for a bulk")
    _check(files, is_bulk=is_bulk, one_only={"--candidate-id": candidate_id, "--idempotency-key": idempotency_key})
    rehearse = None if stage_ms is None else {"stageMs": stage_ms}
    request = shared | {
        "type": type_,
        "candidateId": candidate_id,
        "options": _given(options | {"type": child_type, "rehearse": rehearse}),
    }
    if is_bulk:
        candidates = [candidate for file in files for candidate in read_candidates(file)]
        named = files[0] if len(files) == 1 else count(len(candidates), "candidate")
        bodies = {named: _given(request) | {"candidates": candidates}}
    else:
        bodies = {file: _given(request) | {"candidateData": read_candidate(file)} for file in files}
    if dry_run:
        asyncio.run(_estimate(api, bodies, as_json=as_json))
    else:
        asyncio.run(_submit(api, bodies, idempotency_key, watch=watch, as_json=as_json))


def _only(holds: bool, complaint: str) -> None:
    if not holds:
        raise BadUsage(complaint)


def _check(files: list[str], *, is_bulk: bool, one_only: dict[str, str | None]) -> None:
    doubled = next((file for file in files if files.count(file) > 1), None)
    if doubled is not None:
        raise BadUsage(f"{'Standard input' if doubled == STDIN else doubled} is given twice")
    for option, value in one_only.items():
        if value is not None and len(files) > 1 and not is_bulk:
            raise BadUsage(f"{option} is for one FILE: {len(files)} are given")


async def _submit(url: str | None, bodies: dict[str, JSON], key: str | None, *, watch: bool, as_json: bool) -> None:
    """Sends every file's job, also after one was refused; then follows those that were accepted."""
    exit_code = 0
    names: dict[str, str] = {}
    async with connect(find(url)) as api:
        for file, body in bodies.items():
            try:
                job = await api.submit(body, key)
            except Refused as refusal:
                exit_code = max(exit_code, refusal.exit_code)
                tell(f"{file}: {refusal.message}" if len(bodies) > 1 else refusal.message)
            else:
                names[job["jobId"]] = Path(file).stem
                show_accepted(job, file, watch=watch, as_json=as_json)
        all_completed = not watch or await watch_until_ended(api, list(names), as_json=as_json, names=names)
    raise typer.Exit(exit_code if all_completed else max(exit_code, 1))


async def _estimate(url: str | None, bodies: dict[str, JSON], *, as_json: bool) -> None:
    async with connect(find(url)) as api:
        for file, body in bodies.items():
            show_estimate(await api.submit(body, dry_run=True), file, as_json=as_json)
