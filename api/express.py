"""The calls that are made most often, without the framework's machinery: submitting a job, reading a job.

What is usual comes this way: the same functions in the same order as FastAPI calls for the routes, which takes it three
times as long as all that they do. What is unusual, a parameter more or an address that is not quite right, goes to the
routes, which know how to refuse it.
"""

import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import answers, problems
from api.access import Gate
from api.bodies import read_submission
from api.parameters import of_caller
from enrichment.access.scopes import Principal
from enrichment.errors import EnrichmentError, NotFound
from enrichment.ids import is_id
from enrichment.models import OPEN, Job
from enrichment.service import NO_SUCH_JOB, EnrichmentQueue
from enrichment.together import Together
from enrichment.unchanged import Unchanged

_BY_QUERY = re.compile(rb"jobId=([0-9a-f-]{36})")
_KEY = re.compile("[ -~]{1,200}")


@dataclass(frozen=True, slots=True)
class Spared:
    """The route that a request did not have to take: the log names requests by theirs."""

    path: str


class Express:
    """Stands before the routes and answers what it can."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open_jobs = Unchanged(_json)
        # One at a time for each tenant, for a read is this process's work, hardly PostgreSQL's; a slow one is its own.
        self._reading = Together(self._read_all, of_group=1, at_once=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = self._usual(Request(scope, receive)) if scope["type"] == "http" else None
        if answering is None:
            return await self._app(scope, receive, send)
        try:
            answer = await answering
        except EnrichmentError as error:
            answer = problems.answer(scope, error)
        return await answer(scope, receive, send)

    def _usual(self, request: Request) -> Coroutine[Any, Any, Response] | None:
        """What answers the request; None: the routes do."""
        method, path, query = request.method, request.scope["path"], request.scope["query_string"]
        if method == "POST" and path == "/api/enrichment" and not query:
            keys = request.headers.getlist("idempotency-key")
            if len(keys) < 2 and all(map(_KEY.fullmatch, keys)):
                return self._submit(request, keys[0] if keys else None)
        elif method == "GET" and path == "/api/enrichment":
            named = _BY_QUERY.fullmatch(query)
            if named and is_id(job_id := named[1].decode()):
                return self._read(request, "/api/enrichment", job_id)
        elif method == "GET" and not query:
            home, _, job_id = path.rpartition("/")
            if home == answers.JOBS and is_id(job_id):
                return self._read(request, f"{answers.JOBS}/{{jobId}}", job_id)
        return None

    async def _submit(self, request: Request, key: str | None) -> Response:
        queue = of_caller(request.app.state.queue, await _admit(request, "/api/enrichment"))
        return answers.send_accepted(await queue.add_job(await read_submission(request), idempotency_key=key))

    async def _read(self, request: Request, route: str, job_id: str) -> Response:
        caller = await _admit(request, route)
        content = None
        if caller is not None:
            content = await self._reading.ask((request.app.state.queue, caller.tenant), job_id)
        if content is None:
            raise NotFound(NO_SUCH_JOB)
        return answers.of_json(content)

    async def _read_all(self, whose: tuple[EnrichmentQueue, str], job_ids: Sequence[str]) -> list[str | None]:
        """Each job as JSON, made once for all who ask for it at the same time."""
        queue, tenant = whose
        queue = queue.for_tenant(tenant)
        jobs = await queue.explain(await queue.get_jobs(list(dict.fromkeys(job_ids))))
        shown = {job.job_id: self._open_jobs.of(job.job_id, job) if job.status in OPEN else _json(job) for job in jobs}
        return [shown.get(job_id) for job_id in job_ids]


def _json(job: Job) -> str:
    return answers.view(job).model_dump_json(by_alias=True)


async def _admit(request: Request, route: str) -> Principal | None:
    request.scope["route"] = Spared(route)
    gate: Gate = request.app.state.gate
    return await gate.admit(request, route)
