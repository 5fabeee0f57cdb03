"""Telling Redis how far jobs are."""

import asyncio

from enrichment.models import Progress
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore

RUNNING = Progress(percentage=10, stage="started", message="Started")


async def test_a_report_waits_for_its_own_call_and_not_for_all_that_others_tell(settings: Settings) -> None:
    store = ProgressStore.connect(settings)
    await store.report("reported", 1, RUNNING)  # Redis is connected to, and knows the script

    async def tell_without_end() -> None:
        while True:
            store.tell("other", 1, RUNNING)
            await asyncio.sleep(0)

    others = asyncio.create_task(tell_without_end())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await store.report("reported", 2, RUNNING)
        assert (await store.read(["reported"]) or {})["reported"].run == 2
    others.cancel()
    await asyncio.wait({others})
    await store.close()
