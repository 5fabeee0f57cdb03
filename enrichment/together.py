"""Asking together: what is asked while other questions are under way goes into one statement with what else is.

At rest a question leaves at once, alone. Under load the statements grow and not their number, so that what each of them
costs, a connection, a round trip and a commit, is shared. A question is never answered from what was read before it was
asked, since it joins only a statement that has not begun.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from enrichment.errors import Internal, InvalidInput

Group = TypeVar("Group")
Question = TypeVar("Question")
Answer = TypeVar("Answer")

REFUSALS = (InvalidInput, Internal)
"""What one question may be to blame for; the others of its statement are then asked again, each alone."""


class Together(Generic[Group, Question, Answer]):
    """Asks by `ask_all`, which gets the questions of one group, up to `most` of them, and gives as many answers.

    At most `at_once` statements are under way, and of one group at most `of_group`: where that is less, a group whose
    statements are slow leaves room for the others.
    """

    def __init__(
        self,
        ask_all: Callable[[Group, Sequence[Question]], Awaitable[Sequence[Answer]]],
        *,
        most: int = 100,
        of_group: int = 2,
        at_once: int = 3,
    ) -> None:
        self._ask_all = ask_all
        self._most = most
        self._of_group = of_group
        self._at_once = at_once
        self._waiting: defaultdict[Group, deque[tuple[Question, asyncio.Future[Answer]]]] = defaultdict(deque)
        self._under_way: list[Group] = []
        """The group of each statement."""
        self._lanes: set[asyncio.Task[None]] = set()

    async def ask(self, group: Group, question: Question) -> Answer:
        """The answer. Raises what `ask_all` raises; who stops waiting takes nothing from the others."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[group].append((question, answer))
        self._lanes = {lane for lane in self._lanes if not lane.done()}
        if len(self._lanes) < self._at_once and self._may_begin(group):
            self._lanes.add(asyncio.create_task(self._work(), name="asking together"))
        return await answer

    async def _work(self) -> None:
        """One statement after another while one may begin, the groups in turn.

        No question is forgotten: a lane ends only where none may begin. What comes later starts another lane, or else
        waits for a statement, of its group or of all, whose lane looks here again.
        """
        while (group := next(filter(self._may_begin, self._waiting), None)) is not None:
            waiting = self._waiting.pop(group)
            asked = [waiting.popleft() for _ in range(min(len(waiting), self._most))]
            if waiting:
                self._waiting[group] = waiting  # behind the other groups
            self._under_way.append(group)
            try:
                await self._answer(group, [(question, answer) for question, answer in asked if not answer.done()])
            finally:
                self._under_way.remove(group)

    def _may_begin(self, group: Group) -> bool:
        return self._under_way.count(group) < self._of_group

    async def _answer(self, group: Group, asked: Sequence[tuple[Question, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._ask_all(group, [question for question, _ in asked]) if asked else ()
        except Exception as error:
            if isinstance(error, REFUSALS) and len(asked) > 1:
                for one in asked:
                    await self._answer(group, [one])
                return
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(asked, answers, strict=True):
            if not future.done():
                future.set_result(answer)
