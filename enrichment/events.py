"""Every event that the product logs, in one list. A log line is a sentence and these fields, and never a payload.

Fields are ids, numbers and codes. An error is logged as its class and code: its message may quote what it was about. So
may the lines of libraries: of those only the sentence is logged, without what was put into it. Of an error that nobody
foresaw (`exc_info`) the places that it came through are logged too, innermost first: files and lines, never values.
"""

import json
import logging
import sys
import time
import traceback
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from enrichment.errors import EnrichmentError
from enrichment.modulepath import OURS

FIELDS = frozenset({
    "action_id", "attempt", "code", "count", "error", "job_id", "kind", "method", "model", "path", "queue", "run",
    "seconds", "status",
})  # fmt: skip
"""What a log line may carry; anything else is an error of ours."""
_PLACES = 12
"""How many of the innermost places of an error are logged."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A kind of log line; operators search for its name."""

    name: str

    def fields(self, *, error: BaseException | None = None, **values: Any) -> dict[str, Any]:
        """The `extra` of a log call. An error becomes its class and, where it has one, its code."""
        unknown = values.keys() - FIELDS
        if unknown:
            raise ValueError(f"log fields {sorted(unknown)} are not in the list of events")
        if error is not None:
            values["error"] = type(error).__name__
            if isinstance(error, EnrichmentError):
                values["code"] = error.code
        return {"event": self.name, "fields": values}


WORKER_READY = LogEvent("worker_ready")
WORKER_STOPPING = LogEvent("worker_stopping")
API_READY = LogEvent("api_ready")
REQUEST_FAILED = LogEvent("request_failed")
JOB_ACCEPTED = LogEvent("job_accepted")
ATTEMPT_FAILED = LogEvent("attempt_failed")
ATTEMPT_LOST = LogEvent("attempt_lost")
"""Its worker died, or its heartbeat was missed; the next one has begun."""
WORK_UNFORESEEN = LogEvent("work_unforeseen")
"""A defect, of ours or of a library: its `where` is what to report."""
ATTEMPT_PUT_OFF = LogEvent("attempt_put_off")
BUDGET_ASKED_AGAIN = LogEvent("budget_asked_again")
PROVIDER_NEEDS_ATTENTION = LogEvent("provider_needs_attention")
"""A key is refused, a quota is used up, a model is unknown: no retry mends it, and a fallback may hide it."""
MODEL_FAILED = LogEvent("model_failed")
JOB_FINISHED = LogEvent("job_finished")
JOB_SUPERSEDED = LogEvent("job_superseded")
JOB_CANCELLED = LogEvent("job_cancelled")
CANCEL_NOT_SIGNALLED = LogEvent("cancel_not_signalled")
CANCEL_NOT_WHOLE = LogEvent("cancel_not_whole")
DISPATCH_FAILED = LogEvent("dispatch_failed")
DATABASE_LOST = LogEvent("database_lost")
LIMITS_LOCAL = LogEvent("limits_local")
PROGRESS_LOST = LogEvent("progress_lost")
ACTION_FAILED = LogEvent("action_failed")
LIMITS_LOST = LogEvent("limits_lost")
OUTAGE_OVER = LogEvent("outage_over")
"""What the event `kind` told of is back, after `seconds`."""
SWEPT = LogEvent("swept")
CLEANED_UP = LogEvent("cleaned_up")
SEAL_BROKEN = LogEvent("seal_broken")
CANDIDATE_ERASED = LogEvent("candidate_erased")


_ENCODER = json.JSONEncoder(default=str)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"at": _time(record), "level": record.levelname.lower(), "message": _said(record)}
        line |= {"event": getattr(record, "event", record.name)} | getattr(record, "fields", {})
        line |= _raised(record)
        return _ENCODER.encode(line)


class TextFormatter(logging.Formatter):
    """A sentence and `name=value` fields, for people."""

    def format(self, record: logging.LogRecord) -> str:
        values = getattr(record, "fields", {}) | _raised(record)
        fields = " ".join(f"{name}={value}" for name, value in values.items())
        return f"{_time(record)} {record.levelname:<7} {_said(record)} {fields}".rstrip()


def configure() -> None:
    """Sends this process's log to stderr: text on a terminal, JSON in a pipe."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter() if sys.stderr.isatty() else JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # What no line of ours shows need not be found out for each: threads, processes, and where the call stands.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    for noisy in ("httpx", "httpx2", "uvicorn.access", "temporalio.activity", "temporalio.workflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def _said(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    return str(record.msg).partition("\n")[0]  # behind it asyncio, for one, shows the task and its error


def _raised(record: logging.LogRecord) -> dict[str, str]:
    if not record.exc_info or not record.exc_info[1]:
        return {}
    error = record.exc_info[1]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]  # a group has seen nothing but its own end
    places = [f"{_short(file)}:{line}" for file, line, *_ in traceback.extract_tb(error.__traceback__)]
    return {"error": type(error).__name__, "where": " < ".join(reversed(places[-_PLACES:]))}


def _short(file: str) -> str:
    """The path in its package: where things are installed tells nothing."""
    return "/".join(PurePath(file).parts[-3:])


def _time(record: logging.LogRecord) -> str:
    return f"{_second(int(record.created))}.{int(record.msecs):03d}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
