"""The worker, broken on purpose: what the harness must catch. Each mutant lacks one thing that the product rests on.

    python -P -m tests.faults.mutants PORT [MUTANT]      (PORT: of the fault points)

It puts fault points into the windows where that matters, takes away what the mutant lacks, and then runs the worker as
ever. Without a mutant it is the product with fault points: that one must come out clean, or the points are to blame.
"""

import asyncio
import functools
import runpy
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

from sqlalchemy import TextClause, text

from enrichment import temporal
from enrichment.db import Database
from enrichment.jobs import attempts, outbox, transitions, upkeep
from enrichment.responses import store
from tests.faults import points

LEASE = timedelta(seconds=2)
"""Of a dispatcher's claim: shorter than the product's, so that the tests wait for it less long."""

START, ANSWERED, SAVE, FINISH, FINISHED = "start", "answered", "save", "finish", "finished"
_BEFORE: dict[str, tuple[ModuleType, str]] = {
    START: (temporal, "start"),
    ANSWERED: (store, "store"),
    SAVE: (attempts, "save"),
    FINISH: (transitions, "finish"),
}
"""Points before a call: claimed and not started, answered and not stored, stored and not saved, about to end."""
_AFTER: dict[str, tuple[ModuleType, str]] = {FINISHED: (transitions, "finish")}
"""Points after a call: ended in the row, and Temporal does not know it yet."""

_ANY_OPEN_STATE = " AND job.status IN ('pending', 'in_progress')"
_THIS_RUN_IN_PROGRESS = " AND run = :run AND status = 'in_progress'"


def no_outbox() -> None:
    """A row counts as dispatched before its workflow is started, and nobody looks for one that was not."""
    claim = outbox.claim

    async def claim_and_mark(database: Database, *arguments: Any) -> list[outbox.Dispatchable]:
        claimed = await claim(database, *arguments)
        await outbox.mark_dispatched(database, claimed)
        return claimed

    async def never(*_: Any) -> None:
        return None

    _replace(outbox, "claim", claim_and_mark)
    _replace(upkeep, "redispatch", never)


def no_conditional_update() -> None:
    """An ending is written whatever state the row is in: the last one wins, not the first."""
    _replace(transitions, "_FINISH", _without(transitions._FINISH, _ANY_OPEN_STATE))


def no_result_guard() -> None:
    """A result is written into whatever run and state the row is in by then."""
    saving = attempts._SAVE
    _replace(attempts, "_SAVE", _without(saving, _THIS_RUN_IN_PROGRESS))


def no_result_ledger() -> None:
    """What a provider has answered is not kept."""

    async def reserve(*_: Any) -> str:
        return store.RESERVED

    async def forget(*_: Any) -> None:
        return None

    _replace(store, "reserve", reserve)
    _replace(store, "store", forget)


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant for mutant in (no_outbox, no_conditional_update, no_result_guard, no_result_ledger)
}


def _replace(module: ModuleType, name: str, by: object) -> None:
    getattr(module, name)  # a mutant that mutates nothing must not start
    setattr(module, name, by)


def _without(statement: TextClause, condition: str) -> TextClause:
    assert condition in statement.text, f"the statement has no {condition!r} to leave out"
    return text(statement.text.replace(condition, ""))


def _hold(port: int, name: str, module: ModuleType, function: str, *, is_after: bool) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(module, function)
    under_way: set[asyncio.Task[Any]] = set()

    @functools.wraps(original)
    async def held(*arguments: Any, **named: Any) -> Any:
        async def on_its_way() -> Any:
            if is_after:
                answer = await original(*arguments, **named)
            async with points.at(port, name):
                return answer if is_after else await original(*arguments, **named)

        # A statement that has left for the database is not called back by a cancellation, so this is not either.
        task = asyncio.create_task(on_its_way())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return await asyncio.shield(task)

    setattr(module, function, held)


def main() -> None:
    port, *mutants = sys.argv[1:]
    outbox.CLAIM_LEASE = LEASE
    for mutant in mutants:
        MUTANTS[mutant]()
    for name, (module, function) in _BEFORE.items():
        _hold(int(port), name, module, function, is_after=False)
    for name, (module, function) in _AFTER.items():
        _hold(int(port), name, module, function, is_after=True)
    sys.argv = ["worker"]
    runpy.run_module("worker", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
