"""What the clients asked for and what they were told: the other half of every invariant is in the rows."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Order:
    """One submission under its key. `ids` are the jobs that answers named: one, whatever happened on the way."""

    key: str
    candidates: int | None = None
    """Of a bulk."""
    ids: set[str] = field(default_factory=set)
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader saw of a run. `is_guess`: the API said that it had no progress to show (`degraded`)."""

    status: str
    percentage: int
    is_guess: bool
    how: str


@dataclass(slots=True)
class Ledger:
    """`prefix` begins every key of the run, so that its rows can be told from others in the same database."""

    prefix: str
    orders: dict[str, Order] = field(default_factory=dict)
    cancelled: set[tuple[str, int]] = field(default_factory=set)
    """Runs whose cancellation was answered with 2xx."""
    readings: dict[tuple[str, int], list[Reading]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    """Answers that the call must never have."""
    unanswered: list[str] = field(default_factory=list)
    """Calls that were repeated until the end of the run without a definite answer."""
    accept_s: list[float] = field(default_factory=list)
    """How long submissions took that were answered with 202."""

    def order(self, key: str, candidates: int | None = None) -> Order:
        return self.orders.setdefault(key, Order(key, candidates))

    @property
    def accepted(self) -> set[str]:
        return {job_id for order in self.orders.values() for job_id in order.ids}
