"""The record of bulk actions. One that its worker left in the middle is taken up by another, where it was left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from enrichment import ids
from enrichment.db import Database
from enrichment.jobs.queries import Filter
from enrichment.models import ENDED_EARLY, OPEN, JobStatus, Model

CLAIM_LEASE = timedelta(seconds=15)
"""Longer than a page of jobs takes."""


class ActionKind(StrEnum):
    CANCEL = "cancel"
    RETRY = "retry"

    @property
    def statuses(self) -> tuple[JobStatus, ...]:
        """The states of jobs with which this can be done."""
        return OPEN if self is ActionKind.CANCEL else ENDED_EARLY


class Action(Model):
    """One bulk action. `total` jobs matched at its start; those `done` but not `changed` were in another state."""

    action_id: str
    action: ActionKind
    total: int
    done: int
    changed: int
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An action that this worker works off now; jobs from `cursor` down are left."""

    id: str
    tenant: str
    kind: ActionKind
    wanted: Filter | None
    """None: it cannot be read any more."""
    cursor: str


_FILTER = TypeAdapter(Filter)
_SHOWN = "id, action, total, done, changed, created_at, ended_at"
_ADD = text(f"""
    INSERT INTO enrichment_action (id, tenant, action, filter, total, cursor)
    VALUES (:id, :tenant, :action, :filter, :total, :id)
    RETURNING {_SHOWN}
""").bindparams(bindparam("filter", type_=JSONB))  # noqa: S608 the columns are ours
_GET = text(f"SELECT {_SHOWN} FROM enrichment_action WHERE tenant = :tenant AND id = :id")  # noqa: S608
_CLAIM = text("""
    UPDATE enrichment_action SET claimed_at = now()
    WHERE id = (
        SELECT id FROM enrichment_action
        WHERE ended_at IS NULL AND action = ANY(CAST(:known AS text[]))
          AND (claimed_at IS NULL OR claimed_at < now() - CAST(:lease AS interval))
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, tenant, action, filter, cursor
""").columns(filter=JSONB)
_ADVANCE = text("""
    UPDATE enrichment_action
    SET cursor = :cursor, done = done + :done, changed = changed + :changed, claimed_at = now(),
        ended_at = CASE WHEN :is_last THEN now() END
    WHERE id = :id AND cursor = :was
    RETURNING id
""")


async def add(database: Database, tenant: str, kind: ActionKind, wanted: Filter, total: int) -> Action:
    """Records the wish. Its id is younger than every job that it can mean: it is the first cursor."""
    stored = _FILTER.dump_python(wanted, mode="json")
    parameters = {"id": ids.new_id(), "tenant": tenant, "action": kind, "filter": stored, "total": total}
    return _action((await database.execute(_ADD, parameters)).one())


async def get(database: Database, tenant: str, action_id: str) -> Action | None:
    row = (await database.execute(_GET, {"tenant": tenant, "id": action_id})).first()
    return None if row is None else _action(row)


async def claim(database: Database) -> Claimed | None:
    """The oldest action that nobody works on. One of a kind that only a newer version knows is left to that."""
    row = (await database.execute(_CLAIM, {"known": list(ActionKind), "lease": CLAIM_LEASE})).first()
    if row is None:
        return None
    try:
        wanted = _FILTER.validate_python(row.filter)
    except ValidationError:
        wanted = None
    return Claimed(row.id, row.tenant, ActionKind(row.action), wanted, row.cursor)


async def advance(database: Database, claimed: Claimed, *, cursor: str, done: int, changed: int, is_last: bool) -> bool:
    """A page of jobs is done. False: another worker has taken the action over."""
    parameters = {
        "id": claimed.id, "was": claimed.cursor, "cursor": cursor, "done": done, "changed": changed, "is_last": is_last,
    }  # fmt: skip
    return (await database.execute(_ADVANCE, parameters)).first() is not None


def _action(row: Any) -> Action:
    return Action(
        action_id=row.id, action=ActionKind(row.action), total=row.total, done=row.done, changed=row.changed,
        created_at=row.created_at, ended_at=row.ended_at,
    )  # fmt: skip
