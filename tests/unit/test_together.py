"""Questions that share a statement: each gets its own answer, its own error, and nothing older than itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from enrichment.errors import InvalidInput, StorageUnavailable
from enrichment.together import Together


@dataclass
class Statements:
    """What is asked of a database that answers when it is let to, and doubles what it is given."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[tuple[str, list[int]]] = field(default_factory=list)

    async def __call__(self, group: str, questions: Sequence[int]) -> list[int]:
        self.asked.append((group, list(questions)))
        await self.may_answer.wait()
        if -1 in questions:
            raise InvalidInput("one of them cannot be")
        if -2 in questions:
            raise StorageUnavailable("away")
        return [2 * question for question in questions]


@pytest.fixture
def statements() -> Statements:
    return Statements()


async def ask(together: Together[str, int, int], *questions: int, group: str = "a") -> list[int | BaseException]:
    return await asyncio.gather(*(together.ask(group, question) for question in questions), return_exceptions=True)


async def until_asked(statements: Statements, count: int) -> None:
    while len(statements.asked) < count:
        await asyncio.sleep(0)


async def test_what_is_asked_meanwhile_shares_the_next_statement(statements: Statements) -> None:
    together = Together(statements, at_once=1)
    first = asyncio.create_task(ask(together, 1))
    await until_asked(statements, 1)
    others = asyncio.create_task(ask(together, 2, 3, 4))
    await asyncio.sleep(0)

    statements.may_answer.set()

    assert await first == [2]
    assert await others == [4, 6, 8]
    assert statements.asked == [("a", [1]), ("a", [2, 3, 4])]


async def test_a_statement_holds_one_group_and_not_more_than_it_may(statements: Statements) -> None:
    together = Together(statements, most=2, at_once=1)
    statements.may_answer.set()

    of_a, of_b = await asyncio.gather(ask(together, 1, 2, 3), ask(together, 4, group="b"))

    assert (of_a, of_b) == ([2, 4, 6], [8])
    assert statements.asked == [("a", [1, 2]), ("b", [4]), ("a", [3])]


async def test_a_group_that_is_stuck_does_not_hold_up_another() -> None:
    may_end = asyncio.Event()

    async def ask_all(group: str, questions: Sequence[int]) -> list[int]:
        if group == "stuck":
            await may_end.wait()
        return list(questions)

    together = Together(ask_all, of_group=1)
    stuck = [asyncio.create_task(together.ask("stuck", question)) for question in range(9)]
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
        assert await ask(together, 1, group="b") == [1]
        stuck += [asyncio.create_task(together.ask("stuck", question)) for question in range(9, 18)]
        assert await ask(together, 2, 3, group="c") == [2, 3]
        assert not any(task.done() for task in stuck)
        may_end.set()
        assert await asyncio.gather(*stuck) == list(range(18))


@pytest.mark.parametrize(("of_group", "at_once"), [(1, 1), (1, 4), (2, 3)])
async def test_never_more_statements_than_there_may_be_and_each_question_is_answered(
    of_group: int, at_once: int
) -> None:
    under_way: list[str] = []
    most_of_group = most = 0

    async def ask_all(group: str, questions: Sequence[int]) -> list[int]:
        nonlocal most_of_group, most
        under_way.append(group)
        most_of_group, most = max(most_of_group, under_way.count(group)), max(most, len(under_way))
        for _ in range(sum(questions) % 5):
            await asyncio.sleep(0)
        under_way.remove(group)
        return list(questions)

    together = Together(ask_all, most=2, of_group=of_group, at_once=at_once)

    async def ask_often(group: str, first: int) -> list[int]:
        answers = []
        for question in range(first, first + 20):
            answers.append(await together.ask(group, question))
            for _ in range(question % 3):
                await asyncio.sleep(0)
        return answers

    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(ask_often(group, first) for group in "abcde" for first in range(6)))
    assert answers == [list(range(first, first + 20)) for _ in "abcde" for first in range(6)]
    assert (most_of_group, most) == (of_group, at_once)


async def test_a_question_that_is_refused_takes_the_others_not_with_it(statements: Statements) -> None:
    statements.may_answer.set()

    answers = await ask(Together(statements, at_once=1), 1, -1, 3)

    assert answers[0] == 2
    assert isinstance(answers[1], InvalidInput)
    assert answers[2] == 6


async def test_a_database_that_is_away_is_told_to_all_and_asked_once(statements: Statements) -> None:
    statements.may_answer.set()

    answers = await ask(Together(statements, at_once=1), 1, -2, 3)

    assert all(isinstance(answer, StorageUnavailable) for answer in answers)
    assert len(statements.asked) == 1


async def test_who_stops_waiting_takes_nothing_from_the_others(statements: Statements) -> None:
    together = Together(statements, at_once=1)
    waiting = [asyncio.create_task(together.ask("a", question)) for question in (1, 2)]
    await until_asked(statements, 1)

    waiting[0].cancel()
    statements.may_answer.set()

    assert await waiting[1] == 4


async def test_it_goes_on_after_a_pause(statements: Statements) -> None:
    together = Together(statements)
    statements.may_answer.set()

    assert await ask(together, 1) == [2]
    assert await ask(together, 2) == [4]


async def test_what_is_asked_at_once_by_one_who_was_answered_is_answered_too() -> None:
    """As both statements end, and before the event loop has come round to say so."""
    both_may_end = asyncio.Event()

    async def ask_all(_: str, questions: Sequence[int]) -> list[int]:
        await both_may_end.wait()
        return list(questions)

    together = Together(ask_all, at_once=2)

    async def ask_twice() -> int:
        return await together.ask("a", await together.ask("a", 1))

    first = asyncio.create_task(ask_twice())
    await asyncio.sleep(0)
    second = asyncio.create_task(together.ask("a", 2))
    await asyncio.sleep(0.01)
    both_may_end.set()

    async with asyncio.timeout(10):
        assert (await first, await second) == (1, 2)
