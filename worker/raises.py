"""Budgets that were raised: the jobs that wait for the next day ask again under the settings of a worker that starts.

A day's budget comes with a worker's settings and nothing else, so it is another one only when a worker has started.
"""

import asyncio
import logging

from temporalio.client import Client

from enrichment import temporal
from enrichment.db import Database
from enrichment.errors import BudgetExceeded, EnrichmentError
from enrichment.events import BUDGET_ASKED_AGAIN, DATABASE_LOST
from enrichment.jobs import attempts
from enrichment.outage import Outage
from enrichment.spending.budgets import LEASE
from enrichment.waiting import PUT_OFF

AT_ONCE = 100
"""Jobs per statement."""
LOOK_AGAIN_S = 1.0
"""After PostgreSQL or Temporal has not answered."""

log = logging.getLogger(__name__)


async def ask_again(database: Database, client: Client) -> None:
    """Wakes all who wait for the next day's budget: now, and once more when no older worker puts any off."""
    await _wake(database, client)
    await asyncio.sleep(LEASE.total_seconds())
    await _wake(database, client)


async def _wake(database: Database, client: Client) -> None:
    after, woken = "", 0
    outage = Outage(DATABASE_LOST, "Cannot ask who waits for a budget")
    while True:
        try:
            runs = await attempts.make_due(database, PUT_OFF[BudgetExceeded], after, AT_ONCE)
        except EnrichmentError as error:
            outage.begin(error)
            await asyncio.sleep(LOOK_AGAIN_S)
            continue
        outage.end()
        told = await asyncio.gather(*(temporal.signal(client, run.id, run.run, "wake") for run in runs))
        if not all(told):
            await asyncio.sleep(LOOK_AGAIN_S)
        elif runs:
            after = max(run.up_to for run in runs)
            woken += len(runs)
        else:
            break
    if woken:
        log.info("Asked again for the day's budget", extra=BUDGET_ASKED_AGAIN.fields(count=woken))
