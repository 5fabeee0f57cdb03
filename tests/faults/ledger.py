"""What the clients asked for and what they were told: the other half of every invariant is in the rows."""

import random
import string
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Order:
    """One submission under its key. `ids` are the jobs that answers named: one, whatever happened on the way."""

    key: str
    body: dict[str, Any]
    tokens: list[str]
    """Of its candidates: by them the provider knows whose request it has before it."""
    ids: set[str] = field(default_factory=set)

    @property
    def candidates(self) -> int | None:
        """Of a bulk: how many."""
        return len(self.body["candidates"]) if "candidates" in self.body else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader saw of a run."""

    status: str
    percentage: int
    how: str


@dataclass(slots=True)
class Ledger:
    """`prefix` begins every key of the run, so that its rows can be told from others in the same database."""

    prefix: str
    orders: dict[str, Order] = field(default_factory=dict)
    cancelled: set[tuple[str, int]] = field(default_factory=set)
    """Runs whose cancellation was answered with 2xx."""
    stops: list[tuple[str, float, float]] = field(default_factory=list)
    """Every cancellation that was asked for: of which job, from when until when, on the monotonic clock."""
    readings: dict[tuple[str, int], list[Reading]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    """Answers that the call must never have."""
    unanswered: list[str] = field(default_factory=list)
    """Calls that were repeated until the end of the run without a definite answer."""
    accept_s: list[float] = field(default_factory=list)
    """How long submissions took that were answered with 202."""

    def order(self, name: str, body: dict[str, Any], scenario: str = "good") -> Order:
        """A submission of the run. Each candidate in it gets a token, and says what the provider is to do to it."""
        tokens = []
        for candidate in body.get("candidates") or [body["candidateData"]]:
            tokens.append("".join(random.choices(string.ascii_lowercase, k=12)))
            candidate["basics"]["summary"] = f"Engineer. scenario-{scenario}-{tokens[-1]}"
        order = self.orders[name] = Order(f"{self.prefix}{name}", body, tokens)
        return order

    @property
    def accepted(self) -> set[str]:
        return {job_id for order in self.orders.values() for job_id in order.ids}
