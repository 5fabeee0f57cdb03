"""What a worker does beside its jobs."""

import asyncio
import logging

import pytest

from enrichment import cancellation
from worker import background
from worker.background import in_background


async def test_what_nobody_foresaw_is_logged_and_the_work_begun_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "AGAIN_S", 0)
    begun, goes_on, ended = 0, asyncio.Event(), []

    async def stumbling() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ValueError("'archive' is not a valid ActionKind")
        goes_on.set()
        await asyncio.Event().wait()

    async def brief() -> None:
        ended.append("brief")

    async def steady() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("steady, after the other went on" if goes_on.is_set() else "steady")

    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(10), in_background(stumbling, brief, steady):
            await goes_on.wait()

    assert (begun, ended) == (3, ["brief", "steady, after the other went on"])
    assert [vars(record)["event"] for record in caplog.records] == ["work_unforeseen"] * 2


async def test_work_that_misses_a_cancel_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does whose library swallows it. The worker that waited for it would never stop."""
    monkeypatch.setattr(cancellation, "_AGAIN_AFTER_S", 0.01)
    missed = 0

    async def deaf() -> None:
        nonlocal missed
        while missed < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                missed += 1
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        async with in_background(deaf):
            await asyncio.sleep(0)

    assert missed == 2
