"""From a request to the rows that it becomes."""

import hashlib
import json
import re
from datetime import datetime

from enrichment import queues
from enrichment.errors import Fault, InvalidInput
from enrichment.ids import new_id
from enrichment.jobs.intake import NewChild, NewJob
from enrichment.models import IDENTIFIER_PATTERN, JSON, Submission

MOST_FAULTS = 20
"""So many faults are named in one answer."""
_IDENTIFIER = re.compile(IDENTIFIER_PATTERN)


def rows(request: Submission, tenant: str, idempotency_key: str | None, now: datetime) -> tuple[NewJob, list[NewChild]]:
    """The job, and the children of a bulk in order.

    Raises:
        InvalidInput: a candidate's id cannot be used; every fault is named.
    """
    queue = queues.queue_of(request.priority)
    options = request.options.model_copy(update={"as_of": request.options.as_of or now.date()})
    children = _children(request)
    job = NewJob(
        id=new_id(),
        tenant=tenant,
        type=request.type,
        priority=request.priority,
        queue=queue.task_queue,
        max_retries=queue.max_retries if request.max_retries is None else request.max_retries,
        payload=_payload(request, len(children)),
        options=options.model_dump(mode="json", by_alias=True, exclude_none=True),
        candidate_id=_candidate_id(request),
        run_at=request.run_at,
        idempotency_key=idempotency_key,
        request_hash=None if idempotency_key is None else _hash(request),
    )
    return job, children


def _payload(request: Submission, children: int) -> JSON:
    """The candidate's data; of a bulk, whose candidates are rows of their own, how many there are."""
    if request.candidate_data is not None:
        return request.candidate_data
    return {"total": children, "batches": -(-children // request.options.batch_size)}


def _candidate_id(request: Submission) -> str | None:
    if request.candidate_data is None:
        return None
    faults: list[Fault] = []
    inner = _id_in(request.candidate_data, "/candidateData", faults)
    if request.candidate_id is not None and inner is not None and inner != request.candidate_id:
        faults.append(Fault("/candidateData/candidateId", "differs from `candidateId`: give one of the two"))
    _refuse(faults)
    return request.candidate_id or inner


def _children(request: Submission) -> list[NewChild]:
    faults: list[Fault] = []
    children = []
    for index, candidate in enumerate(request.candidates or ()):
        if "candidateData" in candidate:
            faults.append(
                Fault(f"/candidates/{index}/candidateData", "is not expected: a candidate is the résumé itself")
            )
        candidate_id = _id_in(candidate, f"/candidates/{index}", faults)
        children.append(NewChild(new_id(), candidate_id, candidate, index // request.options.batch_size))
    _refuse(faults)
    return children


def _id_in(candidate: JSON, pointer: str, faults: list[Fault]) -> str | None:
    value = candidate.get("candidateId")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        faults.append(
            Fault(f"{pointer}/candidateId", "must be a text of 1 to 200 letters, digits and ._:@/+- or spaces")
        )
        return None
    return value


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InvalidInput("The candidates' ids cannot be used", tuple(faults[:MOST_FAULTS]))


def _hash(request: Submission) -> str:
    """The same for the same request, whatever the order of its fields and the spelling of its defaults."""
    content = request.model_dump(mode="json", by_alias=True)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
