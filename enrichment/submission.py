"""From a request to the rows that it becomes."""

import hashlib
import json
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from enrichment import queues, wording
from enrichment.errors import Fault, InvalidInput
from enrichment.ids import new_id
from enrichment.jobs.intake import NewChild, NewJob
from enrichment.models import JSON, Identifier, JobRequest, Options, Submission

MOST_FAULTS = 20
"""So many faults are named in one answer."""
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)


def row(request: JobRequest, tenant: str, idempotency_key: str | None, now: datetime) -> NewJob:
    """The row of a job, or of a bulk: its candidates are rows of their own, and its payload tells how many.

    Raises:
        InvalidInput: the id of the one candidate cannot be used.
    """
    queue = queues.queue_of(request.priority)
    options = request.options.model_copy(update={"as_of": request.options.as_of or now.date()})
    payload: JSON = {}
    candidate_id: str | None = None
    input_hash: str | None = None
    if isinstance(request, Submission) and request.candidates is None:
        payload, candidate_id = request.candidate_data or {}, _candidate_id(request)
        input_hash = _input_hash(payload, request.options)
    return NewJob(
        id=new_id(),
        tenant=tenant,
        type=request.type,
        priority=request.priority,
        queue=queue.task_queue,
        max_retries=queue.max_retries if request.max_retries is None else request.max_retries,
        payload=payload,
        options=options.model_dump(mode="json", by_alias=True, exclude_none=True),
        candidate_id=candidate_id,
        input_hash=input_hash,
        run_at=request.run_at,
        idempotency_key=idempotency_key,
        request_hash=None if idempotency_key is None else _hash(request),
    )


def alone(request: Submission) -> NewChild:
    """The one candidate of a request that is no bulk."""
    candidate = request.candidate_data or {}
    candidate_id, hashed = _candidate_id(request), _input_hash(candidate, request.options)
    return NewChild(new_id(), candidate_id, json.dumps(candidate), hashed)


def _candidate_id(request: Submission) -> str | None:
    if request.candidate_data is None:
        return None
    faults: list[Fault] = []
    inner = _id_in(request.candidate_data, "/candidateData", faults)
    if request.candidate_id is not None and inner is not None and inner != request.candidate_id:
        faults.append(Fault("/candidateData/candidateId", "differs from `candidateId`: give one of the two"))
    _refuse(faults)
    return request.candidate_id or inner


def children(request: Submission) -> list[NewChild]:
    """The candidates of a bulk, in order.

    Raises:
        InvalidInput: some cannot be used; every fault is named, up to `MOST_FAULTS`.
    """
    faults: list[Fault] = []
    candidates = [
        child(one, request.options, f"/candidates/{index}", faults)
        for index, one in enumerate(request.candidates or ())
    ]
    _refuse(faults)
    return candidates


def child(candidate: JSON, options: Options, pointer: str, faults: list[Fault]) -> NewChild:
    """One candidate of a bulk; `faults` gets what is wrong with it."""
    if "candidateData" in candidate:
        faults.append(Fault(f"{pointer}/candidateData", "is not expected: a candidate is the résumé itself"))
    return NewChild(
        new_id(), _id_in(candidate, pointer, faults), json.dumps(candidate), _input_hash(candidate, options)
    )


def _id_in(candidate: JSON, pointer: str, faults: list[Fault]) -> str | None:
    value = candidate.get("candidateId")
    if value is None or value == "":
        return None
    try:
        return _IDENTIFIER.validate_python(value)
    except ValidationError:
        reason = "must be a text of 1 to 200 letters, digits and ._:@/+- or spaces, and not of dots alone"
        faults.append(Fault(f"{pointer}/candidateId", reason))
        return None


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InvalidInput("The candidates' ids cannot be used", tuple(faults[:MOST_FAULTS]))


def _input_hash(candidate: JSON, options: Options) -> str:
    """Of what is enriched and how: the same for the same data, under whatever id, in the same language.

    The day counts if it was given.
    """
    content = {name: value for name, value in candidate.items() if name != "candidateId"}
    how = (wording.language_of(options.locale), options.as_of and options.as_of.isoformat())
    return hashlib.blake2b(json.dumps((content, how), sort_keys=True).encode(), digest_size=16).hexdigest()


def _hash(request: JobRequest) -> str:
    """The same for the same request, whatever the order of its fields and the spelling of its defaults."""
    content = request.model_dump(mode="json", by_alias=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
