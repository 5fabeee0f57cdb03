"""The API over HTTP: one method per call, and one sentence when it does not work."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from httpx_sse import EventSource, aconnect_sse

from enrichment.cli.errors import Refused, Unreachable
from enrichment.cli.location import Location, find, variable
from enrichment.cli.output import JSON
from enrichment.hosts import is_loopback

T = TypeVar("T")

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""A bulk of a thousand candidates takes the API seconds to accept."""
UPLOAD_TIMEOUT = httpx.Timeout(600.0, connect=5.0)
"""The answer comes when 100,000 candidates are stored."""
STREAM_TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=60.0)
"""A stream that is silent for longer is opened anew: the connection may be dead without a word."""


class Api:
    """Every method raises `Refused` when the API answers with an error, `Unreachable` when it does not answer."""

    def __init__(self, location: Location, http: httpx.AsyncClient) -> None:
        self.location = location
        self._http = http

    async def submit(self, body: JSON, idempotency_key: str | None = None, *, dry_run: bool = False) -> JSON:
        headers = {"Content-Type": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        params = {"dryRun": "true"} if dry_run else None
        # Escaped, a lone surrogate in a résumé reaches the API, whose answer says what is wrong with it.
        content = json.dumps(body).encode()
        return await self._json("POST", "/api/enrichment", params=params, content=content, headers=headers)

    async def submit_lines(
        self, lines: AsyncIterator[bytes], query: JSON, idempotency_key: str | None = None, *, is_packed: bool = False
    ) -> JSON:
        """A bulk, sent as its lines are read; `query` is what its candidates have in common."""
        headers = {"Content-Type": "application/x-ndjson"}
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        return await self._json(
            "POST", "/api/enrichment/bulk", params=query, content=lines, headers=headers, timeout=UPLOAD_TIMEOUT
        )

    async def job(self, job_id: str) -> JSON:
        return await self._json("GET", _path(job_id))

    async def jobs(self, parameters: dict[str, Any]) -> JSON:
        return await self._json("GET", "/api/enrichment/jobs", params=parameters)

    async def cancel(self, job_id: str) -> JSON:
        return await self._json("POST", _path(job_id, "cancel"))

    async def retry(self, job_id: str) -> JSON:
        return await self._json("POST", _path(job_id, "retry"))

    async def go_on(self, job_id: str) -> JSON:
        return await self._json("POST", _path(job_id, "continue"))

    async def review(self, job_id: str, decision: str, edits: list[JSON]) -> JSON:
        body = json.dumps({"decision": decision, "edits": edits}).encode()
        headers = {"Content-Type": "application/json"}
        return await self._json("POST", _path(job_id, "review"), content=body, headers=headers)

    async def audit(self, job_id: str) -> JSON:
        return await self._json("GET", _path(job_id, "audit"))

    async def stats(self) -> JSON:
        return await self._json("GET", "/api/enrichment", params={"action": "stats"})

    async def health(self) -> JSON:
        """The verdict, also when it is bad: the API then answers it with 503."""
        try:
            return await self._json("GET", "/api/enrichment", params={"action": "health"})
        except Refused as refusal:
            if refusal.http_status == httpx.codes.SERVICE_UNAVAILABLE and "queues" in refusal.problem:
                return refusal.problem
            raise

    async def pause(self, band: str) -> JSON:
        return await self._json("POST", f"/api/queue/{quote(band, safe='')}/pause")

    async def resume(self, band: str) -> JSON:
        return await self._json("POST", f"/api/queue/{quote(band, safe='')}/resume")

    async def export(self, candidate_id: str) -> JSON:
        return await self._json("GET", f"/api/candidates/{quote(candidate_id, safe='')}/export")

    async def erase(self, candidate_id: str) -> JSON:
        return await self._json("DELETE", f"/api/candidates/{quote(candidate_id, safe='')}")

    async def document(self, job_id: str, format_: str = "md") -> bytes:
        """The competence file; as Markdown and HTML in UTF-8."""
        return (await self._ask("GET", _path(job_id, "document"), params={"format": format_})).content

    @asynccontextmanager
    async def events(self, job_id: str, last_event_id: str | None) -> AsyncIterator[EventSource]:
        """The job's stream of events after `last_event_id`. Raises httpx's errors: the follower tries again."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        async with aconnect_sse(
            self._http, "GET", _path(job_id, "events"), headers=headers, timeout=STREAM_TIMEOUT
        ) as source:
            if source.response.is_error:
                await source.response.aread()
                raise _refusal(source.response)
            yield source

    async def _json(self, method: str, path: str, **request: Any) -> JSON:
        response = await self._ask(method, path, **request)
        try:
            answer: JSON = response.json()
        except ValueError:
            raise Unreachable(
                f"What answers at {self.location.url} (from {self.location.source}) is not the enrichment API"
            ) from None
        return answer

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = await self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise unreachable(self.location, error) from None
        if response.is_error:
            raise _refusal(response)
        return response


@asynccontextmanager
async def connect(location: Location) -> AsyncIterator[Api]:
    """Opens no connection yet: the first call does."""
    async with httpx.AsyncClient(
        base_url=location.url,
        timeout=TIMEOUT,
        limits=httpx.Limits(max_connections=None),  # one stream for each job that is watched
        # A proxy for the outside does not know this machine.
        trust_env=not is_loopback(urlsplit(location.url).hostname or ""),
        headers=_key(),
    ) as http:
        yield Api(location, http)


def _key() -> dict[str, str]:
    """Where the API requires keys, it gets the one of ENRICHMENT_API_KEY."""
    key = variable("ENRICHMENT_API_KEY")
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def ask(url: str | None, question: Callable[[Api], Awaitable[T]]) -> T:
    """Runs one question to the API from a command."""

    async def asking() -> T:
        async with connect(find(url)) as api:
            return await question(api)

    return asyncio.run(asking())


def unreachable(location: Location, error: Exception) -> Unreachable:
    """The one message for an API that does not answer: where was asked, why there, and what to do."""
    reason = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
    return Unreachable(
        f"The API {reason} at {location.url} (from {location.source}).\n"
        "Start the whole stack with `enrich dev`, or the API alone with `enrich api`; "
        "or say where it is with --api URL or ENRICHMENT_API_URL."
    )


def _path(job_id: str, *rest: str) -> str:
    return "/".join(("/api/enrichment/jobs", quote(job_id, safe=""), *rest))


def _refusal(response: httpx.Response) -> Refused:
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"title": f"{response.url} answered {response.status_code} {response.reason_phrase}".rstrip()}
    return Refused(response.status_code, problem)
