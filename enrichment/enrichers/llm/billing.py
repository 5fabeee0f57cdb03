"""Money: reserved before a request is sent, settled when its answer is in hand."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pydantic_ai.usage import RequestUsage

from enrichment.db import Database
from enrichment.enrichers.base import Asker
from enrichment.errors import BudgetExceeded, BudgetReserved, CoolingDown
from enrichment.settings import Settings
from enrichment.spending import budgets, ledger, prices
from enrichment.spending.budgets import Budget, Reservation
from enrichment.spending.ledger import Call, Spender

JITTER_S = 5.0
"""Those who wait for the same money ask for it apart."""


class Billing:
    """The budgets that one job is bound by: its own or its bulk's, and its tenant's day."""

    def __init__(self, database: Database, settings: Settings, asker: Asker) -> None:
        self._database = database
        self._settings = settings
        self._asker = asker

    def reservation(self) -> Reservation:
        """One for the next request. Nothing is reserved yet."""
        return Reservation(tuple(self._budgets()))

    async def reserve(self, reservation: Reservation, name: str, input_tokens: int, output_tokens: int) -> None:
        """Reserves what a request may cost at most. Without a budget it asks nobody.

        Raises:
            BudgetExceeded: less is left; or nobody knows the price, so that no budget could be kept.
            CoolingDown: the job is to wait: for the next day, whose budget is another, or for calls under way, which
                have reserved what is left.
        """
        if not reservation.budgets:
            return
        provider, _, model = name.partition(":")
        usd = prices.cost(provider, model, input_tokens, output_tokens)
        if usd is None:
            raise BudgetExceeded(f"Nobody knows the price of {name}: a budget cannot be kept with it")
        try:
            await budgets.reserve(self._database, reservation, usd)
        except BudgetReserved as error:
            apart = timedelta(seconds=random.uniform(0, JITTER_S))  # noqa: S311 no secret
            waits = CoolingDown(error.message, retry_after=budgets.LOOK_AGAIN + apart, because=BudgetReserved)
        except BudgetExceeded as error:
            if error.retry_after is None or self._settings.budget_exhausted == "fail":
                raise
            waits = CoolingDown(error.message, retry_after=error.retry_after, because=BudgetExceeded)
        else:
            return
        raise waits

    async def settle(self, name: str, used: RequestUsage, reservation: Reservation, *, is_reused: bool = False) -> None:
        """Writes what an answer has cost."""
        provider, _, model = name.partition(":")
        call = Call(
            provider,
            model,
            0 if is_reused else used.input_tokens,
            0 if is_reused else used.output_tokens,
            cost_of(name, used),
            is_reported=is_reported(used),
            is_reused=is_reused,
        )
        asker = self._asker
        spender = Spender(asker.tenant, asker.job_id, asker.run, asker.attempt)
        await ledger.settle(self._database, spender, call, reservation)

    async def release(self, reservation: Reservation) -> None:
        """The request has cost nothing."""
        await budgets.release(self._database, reservation)

    def _budgets(self) -> list[Budget]:
        asker, found = self._asker, list[Budget]()
        if asker.max_cost_usd is not None:
            usd = Decimal(str(asker.max_cost_usd))
            of = Budget.of_bulk if asker.parent_id else Budget.of_job
            found.append(of(asker.tenant, asker.parent_id or asker.job_id, usd))
        if self._settings.budget_tenant_day_usd is not None:
            day = Decimal(str(self._settings.budget_tenant_day_usd))
            found.append(Budget.of_day(asker.tenant, datetime.now(UTC), day))
        return found


def is_reported(used: RequestUsage) -> bool:
    """Whether the provider has said what its answer took."""
    return bool(used.input_tokens or used.output_tokens)


def cost_of(name: str, used: RequestUsage) -> Decimal | None:
    """US dollars; None where the price is unknown, or what was used."""
    if not is_reported(used):
        return None
    provider, _, model = name.partition(":")
    return prices.cost(
        provider,
        model,
        used.input_tokens,
        used.output_tokens,
        cache_read_tokens=used.cache_read_tokens,
        cache_write_tokens=used.cache_write_tokens,
    )
