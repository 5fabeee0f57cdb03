"""The turns of all lanes of this process: those that come at the same time share a statement and its commit.

With two hundred lanes, whose jobs take a fifth of a second, that is a thousand turns a second.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from enrichment.db import Database
from enrichment.errors import StorageUnavailable
from enrichment.jobs import lanes
from enrichment.jobs.lanes import LAST, Child, Turn
from enrichment.together import Together

LANES_AT_ONCE = 64
"""In one statement: each may begin a whole batch."""


class _Stretch(NamedTuple):
    """What the turns of one statement have in common: the children of `bulk` in its run, up to the id `until`."""

    bulk: str
    run: int
    until: str


class Turns:
    """One for all bulks of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = Together(self._take_all, most=LANES_AT_ONCE)
        self._after: dict[_Stretch, str] = {}
        """The last child that was begun here; those behind it are next, so that no search begins at the first."""

    async def take(self, bulk: str, run: int, turn: Turn, until: str | None = None) -> list[Child]:
        """Writes the lane's endings, and begins what it runs next.

        Raises:
            StorageUnavailable: whether it was done is not known.
            Cancelled: the caller was; the turn is done, and `begun` is what it has to give back.
        """
        taking = asyncio.ensure_future(self._together.ask(_Stretch(bulk, run, until or LAST), turn))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            begun: list[Child] = []
            with contextlib.suppress(StorageUnavailable):
                begun = await taking
            raise Cancelled(begun) from None

    async def _take_all(self, stretch: _Stretch, turns: Sequence[Turn]) -> list[list[Child]]:
        after = self._after.get(stretch, "")
        begun = await lanes.take_turns(
            self._database, stretch.bulk, stretch.run, turns, after=after, until=stretch.until
        )
        without = [at for at, turn in enumerate(turns) if turn.at_most and not begun[at]]
        if without and after:  # one before it may have come free
            asking = [Turn(turns[at].lane, turns[at].at_most) for at in without]
            again = await lanes.take_turns(self._database, stretch.bulk, stretch.run, asking, until=stretch.until)
            for at, children in zip(without, again, strict=True):
                begun[at] = children
            after = ""
        last = max((child.id for children in begun for child in children), default="")
        self._after[stretch] = max(after, last)
        if without and not last:
            del self._after[stretch]
        return begun


class Cancelled(asyncio.CancelledError):
    """A lane was cancelled in its turn, which has begun these children."""

    def __init__(self, begun: Sequence[Child]) -> None:
        super().__init__()
        self.begun = begun
